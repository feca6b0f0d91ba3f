// See slots.h. The protocol is in README.md, its model in models/reaper.pml.
#include "family/slots.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "os/record_lock.h"
#include "shared/crash_point.h"

namespace forkyard {
namespace {

constexpr int kTokenAttempts = 1000;  // a second

// One claim at a time in this process: its record locks are common to all its threads, so a thread that comes too late
// would otherwise drop the token of the sibling that was faster.
std::mutex claiming;

// Somebody who lost the race for this slot may hold the token for a moment. If the winner holds it, the word tells.
os::Result<void> TakeToken(const ProcessToken& self, const Slot& slot, SlotId id, uint64_t reserved) {
  for (int attempt = 0;; attempt++) {
    os::Result<void> locked = os::LockByte(self.liveness_fd, id.index);
    if (locked || attempt == kTokenAttempts) return locked;
    if (slot.word.load() != reserved) return os::Error{ESTALE, "claim"};
    usleep(1000);
  }
}

// Before the slot is LIVE: with its predecessor's identity it would seem to belong to a process that may live on after
// us, and to our own other threads it would seem dead.
void WriteIdentity(Slot& slot, const ProcessToken& self) {
  slot.pid.store(self.pid);
  slot.start_time.store(self.start_time);
  slot.thread.store(static_cast<uint32_t>(syscall(SYS_gettid)));
  slot.ledger_high.store(0);
}

bool BelongsToThisProcess(const Slot& slot, const ProcessToken& self) {
  return slot.pid.load() == self.pid && slot.start_time.load() == self.start_time;
}

// A failing fcntl must never make a living process look dead.
bool TokenHeld(const Slot& slot, const ProcessToken& self, uint32_t index) {
  if (BelongsToThisProcess(slot, self)) return true;
  os::Result<bool> held = os::ByteHeldByOther(self.liveness_fd, index);
  return !held || held.value();
}

// Whether the slot named by index and the low bits of its generation is still that environment, and alive.
bool StillAlive(const Region& region, const ProcessToken& self, uint32_t index, uint32_t low_generation) {
  SlotWord word = SlotWord::Unpack(region.slot(index).word.load());
  return word.state == SlotState::kLive && (word.generation & 0xffff) == low_generation &&
         TokenHeld(region.slot(index), self, index);
}

}  // namespace

std::optional<SlotId> ReserveSlot(const Region& region, SlotId parent) {
  for (uint32_t index = 0; index < kNoSlot; index++) {
    std::atomic<uint64_t>& word = region.slot(index).word;
    uint64_t seen = word.load(std::memory_order_relaxed);
    SlotWord slot = SlotWord::Unpack(seen);
    if (slot.state != SlotState::kFree) continue;
    RaiseTo(region.header().slots_high, index + 1);
    SlotWord reserved{SlotState::kReserved, parent.index, parent.generation, slot.generation};
    if (word.compare_exchange_strong(seen, reserved.Pack())) {
      CrashPoint(CrashPointId::kSlotReserved);
      return SlotId{index, slot.generation};
    }
  }
  return std::nullopt;
}

os::Result<void> ClaimSlot(const Region& region, const ProcessToken& self, SlotId id) {
  Slot& slot = region.slot(id.index);
  std::lock_guard<std::mutex> lock(claiming);
  uint64_t seen = slot.word.load();
  SlotWord word = SlotWord::Unpack(seen);
  if (word.state != SlotState::kReserved || word.generation != id.generation) return os::Error{ESTALE, "claim"};
  // The token first: a LIVE slot without one counts as dead.
  if (os::Result<void> locked = TakeToken(self, slot, id, seen); !locked) return locked;
  CrashPoint(CrashPointId::kSlotTokenTaken);
  // With the token in hand nobody else can make it LIVE; but a winner may have died with it a moment ago.
  if (slot.word.load() == seen) WriteIdentity(slot, self);
  SlotWord live{SlotState::kLive, word.other, word.other_generation, id.generation};
  if (!slot.word.compare_exchange_strong(seen, live.Pack())) {
    (void)os::UnlockByte(self.liveness_fd, id.index);
    return os::Error{ESTALE, "claim"};
  }
  slot.sleep_mode.store(static_cast<uint32_t>(SleepMode::kLoop));
  slot.bell_name.store(0);
  slot.epoch.store((slot.epoch.load() + 1) & ~1u);
  CrashPoint(CrashPointId::kSlotClaimed);
  return {};
}

bool CancelReservation(const Region& region, SlotId id) {
  std::atomic<uint64_t>& word = region.slot(id.index).word;
  uint64_t seen = word.load();
  SlotWord slot = SlotWord::Unpack(seen);
  if (slot.state != SlotState::kReserved || slot.generation != id.generation) return false;
  return word.compare_exchange_strong(seen, SlotWord{SlotState::kFree, 0, 0, id.generation + 1}.Pack());
}

std::optional<SlotId> RenewReservation(const Region& region, SlotId id) {
  std::atomic<uint64_t>& word = region.slot(id.index).word;
  uint64_t seen = word.load();
  SlotWord slot = SlotWord::Unpack(seen);
  if (slot.state != SlotState::kReserved || slot.generation != id.generation) return std::nullopt;
  SlotWord renewed{SlotState::kReserved, slot.other, slot.other_generation, id.generation + 1};
  if (!word.compare_exchange_strong(seen, renewed.Pack())) return std::nullopt;
  return SlotId{id.index, id.generation + 1};
}

SlotCondition ConditionOf(const Region& region, const ProcessToken& self, uint32_t index) {
  const Slot& slot = region.slot(index);
  uint64_t before = slot.word.load();
  SlotWord word = SlotWord::Unpack(before);
  SlotCondition condition = SlotCondition::kUnused;
  switch (word.state) {
    case SlotState::kFree:
      return SlotCondition::kUnused;
    case SlotState::kReserved:
      condition = StillAlive(region, self, word.other, word.other_generation) ? SlotCondition::kReserved
                                                                              : SlotCondition::kDead;
      break;
    case SlotState::kLive:
      condition = TokenHeld(slot, self, index) ? SlotCondition::kAlive : SlotCondition::kDead;
      break;
    case SlotState::kReaping:
      condition = StillAlive(region, self, word.other, word.other_generation) ? SlotCondition::kBeingReaped
                                                                              : SlotCondition::kDead;
      break;
  }
  // The token that was looked at belongs to this generation only if the word did not change meanwhile.
  return slot.word.load() == before ? condition : SlotCondition::kBeingReaped;
}

bool IsOrphan(const Region& region, uint32_t index) {
  SlotWord word = SlotWord::Unpack(region.slot(index).word.load());
  if (word.state != SlotState::kLive || word.other == kNoSlot) return false;
  SlotWord parent = SlotWord::Unpack(region.slot(word.other).word.load());
  return parent.state != SlotState::kLive || (parent.generation & 0xffff) != word.other_generation;
}

uint32_t ClaimantOf(const Region& region, SlotId id) {
  const Slot& slot = region.slot(id.index);
  const uint64_t before = slot.word.load();
  const SlotWord word = SlotWord::Unpack(before);
  if (word.generation != id.generation || word.state == SlotState::kFree || word.state == SlotState::kReserved) return 0;
  const uint32_t pid = slot.pid.load();
  return slot.word.load() == before ? pid : 0;
}

bool IsGone(const Region& region, SlotId id) {
  SlotWord word = SlotWord::Unpack(region.slot(id.index).word.load());
  return word.generation != id.generation || word.state == SlotState::kFree;
}

}  // namespace forkyard
