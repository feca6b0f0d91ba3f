// See sweep.h.
#include "channel/sweep.h"

#include "channel/queue.h"
#include "family/names.h"
#include "memory/sweep.h"
#include "parking/bell.h"
#include "sync/sweep.h"

namespace forkyard {
namespace {

// Calls `visit` for each block of the kinds that others wait at to which the slot refers.
template <class Visit>
void EachPlaceToWaitAt(const Region& region, uint32_t slot, Visit visit) {
  const uint32_t high = region.slot(slot).ledger_high.load();
  for (uint32_t index = 0; index < high; index++) {
    const uint64_t block = region.word(Region::LedgerCell(slot, index)).load();
    if (block == 0 || !IsBlockInUse(region, block)) continue;
    const BlockKind kind = region.block(block).kind;
    if (kind == BlockKind::kSync || IsQueue(region, block)) visit(block);
  }
}

void AddWanting(const Region& region, uint64_t block, WantBits& wanting) {
  if (region.block(block).kind == BlockKind::kSync) return AddWanting(SyncBlockAt(region, block), wanting);
  for (uint32_t room = 0; room < kQueueRooms; room++) AddWanting(QueueAt(region, block).rooms[room].sync, wanting);
}

// The end of a pipe is known by the memory that is gone, which is why this comes last. A reaper that dies here leaves them to their
// own looks.
void WakeAll(const Region& region, const WantBits& wanting, uint32_t except) {
  os::UniqueFd socket;
  for (uint32_t slot = 0; slot < kMaxSlots; slot++) {
    if (slot == except || (wanting[slot / 32] & (1u << slot % 32)) == 0) continue;
    if (!socket.valid()) socket = os::OpenRingerSocket();
    if (socket.valid()) (void)RingBell(region, socket.get(), slot);
  }
}

void SweepRoom(const Region& region, uint64_t room, uint32_t slot) {
  SweepSyncBlock(region, room, slot, SyncBlockBytes(0, SlotWords::kNone));
}

}  // namespace

void SweepBlock(const Region& region, uint64_t block, uint32_t slot) {
  if (region.block(block).kind == BlockKind::kSync) {
    return SweepSyncBlock(region, block, slot, region.block(block).payload_bytes);
  }
  if (!IsQueue(region, block)) return;
  SweepQueueBlock(region, block, slot);
  for (uint32_t room = 0; room < kQueueRooms; room++) SweepRoom(region, RoomOffset(block, room), slot);
}

void SweepSlot(const Region& region, uint32_t slot) {
  SweepNames(region, slot);
  SettleIntent(region, slot);
  WantBits wanting{};
  EachPlaceToWaitAt(region, slot, [&](uint64_t block) {
    SweepBlock(region, block, slot);
    AddWanting(region, block, wanting);
  });
  SweepMemory(region, slot);
  WakeAll(region, wanting, slot);
}

}  // namespace forkyard
