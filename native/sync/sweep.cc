// See sweep.h.
#include "sync/sweep.h"

#include "memory/spans.h"
#include "shared/crash_point.h"
#include "sync/sync_block.h"

namespace forkyard {
void SweepSyncBlock(const Region& region, uint64_t block, uint32_t slot) {
  SyncBlock& sync = SyncBlockAt(region, block);
  // What a broken peer wrote must not lead beyond the block.
  if (SyncBlockBytes(sync.owners) > sync.block.payload_bytes) return;
  for (uint32_t index = 0; index < sync.owners; index++) {
    uint32_t owner = slot + 1;
    if (OwnerCell(sync, index).compare_exchange_strong(owner, kOwnerDied)) CrashPoint(CrashPointId::kReaperOwnerSwept);
  }
  uint32_t barrer = slot + 1;
  sync.bar.compare_exchange_strong(barrer, 0);
  sync.wants[slot / 32].fetch_and(~(1u << slot % 32));
  // Who blocks looks again: there may be a permit, or one that was woken may be dead now.
  sync.turn.fetch_add(kTurnStep);
}

void SweepSync(const Region& region, uint32_t slot) {
  const uint32_t high = region.slot(slot).ledger_high.load();
  for (uint32_t index = 0; index < high; index++) {
    const uint64_t block = region.word(Region::LedgerCell(slot, index)).load();
    if (block == 0 || !IsBlockInUse(region, block)) continue;
    if (region.block(block).kind == BlockKind::kSync) SweepSyncBlock(region, block, slot);
  }
}

}  // namespace forkyard
