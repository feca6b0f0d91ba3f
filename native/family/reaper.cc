// See reaper.h.
#include "family/reaper.h"

#include "os/record_lock.h"
#include "shared/crash_point.h"

namespace forkyard {
namespace {

bool ClaimForReaping(const Region& region, const ProcessToken& process, SlotId reaper, uint32_t index) {
  std::atomic<uint64_t>& word = region.slot(index).word;
  uint64_t seen = word.load();
  SlotWord slot = SlotWord::Unpack(seen);
  // The verdict holds for `seen` only: the exchange below fails if somebody was faster.
  if (ConditionOf(region, process, index) != SlotCondition::kDead) return false;
  SlotWord claimed{SlotState::kReaping, reaper.index, reaper.generation, slot.generation};
  return word.compare_exchange_strong(seen, claimed.Pack());
}

// Written by JavaScript (src/family/spinning.ts); the place of a dead one would keep the living from spinning.
void ForgetSpinner(const Region& region, uint32_t index) {
  for (std::atomic<uint32_t>& place : region.header().spinners) {
    uint32_t expected = index + 1;
    place.compare_exchange_strong(expected, 0);
  }
}

void FreeSlot(const Region& region, uint32_t index) {
  std::atomic<uint64_t>& word = region.slot(index).word;
  uint32_t generation = SlotWord::Unpack(word.load()).generation;
  word.store(SlotWord{SlotState::kFree, 0, 0, generation + 1}.Pack());
}

}  // namespace

ReapOutcome Reaper::Reap(uint32_t index) const {
  SlotCondition condition = ConditionOf(region, process, index);
  if (condition == SlotCondition::kBeingReaped) return ReapOutcome::kBusy;
  if (condition != SlotCondition::kDead) return ReapOutcome::kNotDead;
  if (!ClaimForReaping(region, process, self, index)) return ReapOutcome::kBusy;
  CrashPoint(CrashPointId::kReaperClaimed);
  ForgetSpinner(region, index);
  sweep(region, index);
  CrashPoint(CrashPointId::kReaperSwept);
  FreeSlot(region, index);
  CrashPoint(CrashPointId::kReaperSlotFreed);
  return ReapOutcome::kReaped;
}

uint32_t Reaper::ReapAll() const {
  uint32_t reaped = 0;
  const uint32_t high = region.SlotsUsed();
  // A slot whose reaper is dead too is free for taking only once that one has been found dead: go on until a round
  // finds nothing.
  for (uint32_t before = ~0u; before != reaped;) {
    before = reaped;
    for (uint32_t index = 0; index < high; index++) {
      if (index != self.index && Reap(index) == ReapOutcome::kReaped) reaped++;
    }
  }
  return reaped;
}

uint32_t Reaper::ReapOrphans() const {
  ReapAll();
  uint32_t left = 0;
  const uint32_t high = region.SlotsUsed();
  for (uint32_t index = 0; index < high; index++) left += IsOrphan(region, index) ? 1 : 0;
  return left;
}

void Reaper::Retire() const {
  std::atomic<uint64_t>& word = region.slot(self.index).word;
  uint64_t seen = word.load();
  SlotWord slot = SlotWord::Unpack(seen);
  if (slot.state != SlotState::kLive || slot.generation != self.generation) return;
  // The state stays LIVE, so that a death in the middle is a death like any other. The token goes before the slot:
  // its next occupant needs it. Somebody may reap what is left in between, and then the exchange fails.
  ForgetSpinner(region, self.index);
  sweep(region, self.index);
  (void)os::UnlockByte(process.liveness_fd, self.index);
  word.compare_exchange_strong(seen, SlotWord{SlotState::kFree, 0, 0, self.generation + 1}.Pack());
}

}  // namespace forkyard
