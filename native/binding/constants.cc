// See constants.h. Indexes are in 32-bit words of the buffer that JavaScript has in hand: the slot table, a ring or
// a block to wait at, both without the block header.
#include "binding/constants.h"

#include <cstddef>

#include "binding/queue_exchange.h"
#include "channel/queue.h"
#include "memory/allocator.h"
#include "shared/crash_point.h"
#include "shared/layout.h"
#include "sync/sync_block.h"

namespace forkyard {

void BindConstants(Napi::Env env, Napi::Object exports) {
  Napi::Object constants = Napi::Object::New(env);
  auto add = [&](const char* name, double value) { constants.Set(name, value); };
  add("slotWords", sizeof(Slot) / 4);
  add("slotEpoch", offsetof(Slot, epoch) / 4);
  add("ringTail", (offsetof(Ring, tail) - kCacheLine) / 4);
  add("ringAttaching", (offsetof(Ring, attaching) - kCacheLine) / 4);
  add("ringTaken", (offsetof(Ring, taken) - kCacheLine) / 4);
  add("ringTaking", (offsetof(Ring, taking) - kCacheLine) / 4);
  add("ringHead", (offsetof(Ring, head) - kCacheLine) / 4);
  add("ringBegun", (offsetof(Ring, begun) - kCacheLine) / 4);
  add("ringMeanTaskUs", (offsetof(Ring, mean_task_us) - kCacheLine) / 4);
  add("ringBusyMs", (offsetof(Ring, busy_ms) - kCacheLine) / 4);
  add("ringRunningTask", (offsetof(Ring, running_task) - kCacheLine) / 4);
  add("ringRunningItem", (offsetof(Ring, running_item) - kCacheLine) / 4);
  add("ringItemsBegun", (offsetof(Ring, items_begun) - kCacheLine) / 4);
  add("ringProducerWaiting", (offsetof(Ring, producer_waiting) - kCacheLine) / 4);
  add("ringData", (kRingDataOffset - kCacheLine) / 4);
  add("syncFlags", (offsetof(SyncBlock, flags) - kBlockHeaderBytes) / 4);
  add("syncTurn", (offsetof(SyncBlock, turn) - kBlockHeaderBytes) / 4);
  add("syncBar", (offsetof(SyncBlock, bar) - kBlockHeaderBytes) / 4);
  add("syncState", (offsetof(SyncBlock, state) - kBlockHeaderBytes) / 4);
  add("syncFirstOwner", (offsetof(SyncBlock, first_owner) - kBlockHeaderBytes) / 4);
  add("syncMoreOwners", (offsetof(SyncBlock, more_owners) - kBlockHeaderBytes) / 4);
  add("syncWants", (offsetof(SyncBlock, wants) - kBlockHeaderBytes) / 4);
  add("syncWantWords", kWantWords);
  add("syncTurnStep", kTurnStep);
  add("syncSlots", (offsetof(SyncBlock, more_owners) - kBlockHeaderBytes) / 4);
  add("syncGrants", static_cast<double>(SlotWords::kGrants));
  add("syncArrivals", static_cast<double>(SlotWords::kArrivals));
  add("syncGrant", kGrant);
  add("syncBroken", kBroken);
  add("syncGeneration", kGeneration);
  add("syncWaits", kWaits);
  add("syncSawBroken", kSawBroken);
  add("queueRooms", offsetof(QueueBlock, rooms));
  add("queueRoomBytes", sizeof(QueueRoomPlace));
  add("queueMaxRings", kQueueRings);
  add("queuePuts", (offsetof(QueueBlock, puts) - kBlockHeaderBytes) / 4);
  add("queueGets", (offsetof(QueueBlock, gets) - kBlockHeaderBytes) / 4);
  add("queueAreaBytes", sizeof(ItemArea));
  add("queueAreaPayload", offsetof(ItemArea, payload));
  add("queueBusy", static_cast<double>(QueueOutcome::kBusy));
  add("queueFull", static_cast<double>(QueueOutcome::kFull));
  add("queueEmpty", static_cast<double>(QueueOutcome::kEmpty));
  add("queueClosed", static_cast<double>(QueueOutcome::kClosed));
  add("queueUnwanted", static_cast<double>(QueueOutcome::kUnwanted));
  add("queueBroken", static_cast<double>(QueueOutcome::kBroken));
  add("recordHeaderWords", kRecordHeaderBytes / 4);
  add("skipRecord", kSkipRecord);
  add("arenaBytes", static_cast<double>(kDefaultArenaBytes));
  add("spanBytes", kSpanBytes);
  add("quotaExhausted", -static_cast<double>(AllocationFailure::kQuotaExhausted));
  add("arenaExhausted", -static_cast<double>(AllocationFailure::kArenaExhausted));
  add("ledgerFull", -static_cast<double>(AllocationFailure::kLedgerFull));
  add("tooLarge", -static_cast<double>(AllocationFailure::kTooLarge));
  add("crashRingTailPublished", static_cast<double>(CrashPointId::kRingTailPublished));
  add("crashRingRecordTakenBack", static_cast<double>(CrashPointId::kRingRecordTakenBack));
  add("crashRingBellOwed", static_cast<double>(CrashPointId::kRingBellOwed));
  add("crashRingHeadAdvanced", static_cast<double>(CrashPointId::kRingHeadAdvanced));
  add("crashPoints", kCrashPointsCompiled ? static_cast<double>(CrashPointId::kCount) : 0);
  exports.Set("constants", constants);
}

}  // namespace forkyard
