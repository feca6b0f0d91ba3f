// See sweep.h.
#include "sync/sweep.h"

#include "shared/crash_point.h"
#include "sync/sync_block.h"

namespace forkyard {
namespace {

void SweepOwners(SyncBlock& sync, uint32_t owners, uint32_t slot) {
  for (uint32_t index = 0; index < owners; index++) {
    uint32_t owner = slot + 1;
    if (OwnerCell(sync, index).compare_exchange_strong(owner, kOwnerDied)) CrashPoint(CrashPointId::kReaperOwnerSwept);
  }
}

// To the first from `slot` on that has waiters without a grant; it is told, since it may have more. False: there is none.
bool GrantNext(SyncBlock& sync, uint32_t& slot) {
  for (uint32_t step = 0; step < kMaxSlots; step++, slot = (slot + 1) % kMaxSlots) {
    if ((sync.wants[slot / 32].load() & (1u << slot % 32)) == 0) continue;
    std::atomic<uint32_t>& word = SlotWord(sync, slot);
    for (uint32_t seen = word.load(); (seen & kWaitingMask) > seen / kGrant;) {
      if (word.compare_exchange_weak(seen, seen + kGrant)) return true;
    }
  }
  return false;
}

// Notifications that the dead have not had go to others, the one after the last that was notified first: given first, then
// taken, so that a reaper that dies in between gives one twice rather than never. What nobody waits for is void.
void SweepGrants(SyncBlock& sync, uint32_t slot) {
  std::atomic<uint32_t>& word = SlotWord(sync, slot);
  uint32_t next = (sync.turn.load() & (kTurnStep - 1)) % kMaxSlots;  // 1 + the last
  for (uint32_t seen = word.load(); seen != 0;) {
    if (seen < kGrant || !GrantNext(sync, next)) {
      if (word.compare_exchange_weak(seen, 0)) return;
      continue;
    }
    CrashPoint(CrashPointId::kReaperGrantPassedOn);
    seen = word.fetch_sub(kGrant) - kGrant;
  }
}

// A barrier that a dead party waits at is broken.
void SweepArrival(SyncBlock& sync, uint32_t slot) {
  std::atomic<uint32_t>& word = SlotWord(sync, slot);
  const uint32_t waits_in = word.load();
  if (waits_in != 0) {
    uint32_t state = sync.state.load();
    while (state / kGeneration == waits_in / kGeneration && (state & kBroken) == 0 && (state & kArrivedMask) != 0) {
      if (sync.state.compare_exchange_weak(state, state | kBroken)) break;
    }
    CrashPoint(CrashPointId::kReaperBarrierBroken);
  }
  word.store(0);
}

}  // namespace

void SweepSyncBlock(const Region& region, uint64_t block, uint32_t slot, uint64_t payload_bytes) {
  SyncBlock& sync = SyncBlockAt(region, block);
  // What a broken peer wrote must not lead beyond the block, nor what it writes meanwhile.
  const uint32_t owners = std::atomic_ref(sync.owners).load();
  const SlotWords slot_words = std::atomic_ref(sync.slot_words).load();
  if (SyncBlockBytes(owners, slot_words) > payload_bytes) return;
  SweepOwners(sync, owners, slot);
  uint32_t barrer = slot + 1;
  sync.bar.compare_exchange_strong(barrer, 0);
  sync.wants[slot / 32].fetch_and(~(1u << slot % 32));
  if (slot_words == SlotWords::kGrants) SweepGrants(sync, slot);
  if (slot_words == SlotWords::kArrivals) SweepArrival(sync, slot);
  // Who blocks looks again: there may be a permit, or one that was woken may be dead now.
  sync.turn.fetch_add(kTurnStep);
}

}  // namespace forkyard
