// Announce, re-check, wait, wake: how an environment sleeps without missing a message, and how a sender wakes it.
// The proof is models/ring.pml; why it is so is README.md beside this file.
#pragma once

#include <cstdint>
#include <cstdio>

#include "os/bell.h"
#include "os/futex.h"
#include "shared/region.h"

namespace forkyard {

inline constexpr size_t kBellNameMax = 80;

// "forkyard-FAMILY-SLOT-GENERATION" in the abstract name space; the family part is random.
inline size_t BellName(const Region& region, uint32_t slot, char name[kBellNameMax]) {
  uint32_t generation = SlotWord::Unpack(region.slot(slot).word.load()).generation;
  return static_cast<size_t>(std::snprintf(name, kBellNameMax, "forkyard-%.*s-%u-%u",
                                           static_cast<int>(kFamilyIdChars), region.header().family_id, slot,
                                           generation));
}

// Wakes the environment of `slot`, which announced its sleep. The ringer changes nothing that another sender looks
// at, so its death or stop between publishing and ringing delays nobody's message but its own.
inline os::Result<void> RingBell(const Region& region, int socket_fd, uint32_t slot_index) {
  Slot& slot = region.slot(slot_index);
  if (slot.sleep_mode.load() == static_cast<uint32_t>(SleepMode::kBlocked)) {
    slot.bell_word.fetch_add(1);
    os::FutexWake(&slot.bell_word);
    return {};
  }
  char name[kBellNameMax];
  size_t length = BellName(region, slot_index, name);
  return os::RingBellSocket(socket_fd, name, length);
}

// Blocks the calling thread until its bell rings or the deadline passes. `has_work` is the re-check after the
// announcement: without it a message published just before would be slept over. Returns false on time-out.
template <class HasWork>
bool Park(const Region& region, uint32_t slot_index, uint64_t deadline_ns, HasWork has_work) {
  Slot& slot = region.slot(slot_index);
  uint32_t heard = slot.bell_word.load();
  slot.sleep_mode.store(static_cast<uint32_t>(SleepMode::kBlocked));
  // A sleep of its own, also where the event loop had announced one: who rang for that would not ring for this.
  uint32_t awake = (slot.epoch.load(std::memory_order_relaxed) + 1) & ~1u;
  slot.epoch.store(awake + 1);
  bool rung = true;
  while (!has_work() && slot.bell_word.load() == heard) {
    if (os::FutexWait(&slot.bell_word, heard, deadline_ns) == os::FutexOutcome::kTimedOut) {
      rung = has_work();
      break;
    }
  }
  slot.epoch.store(awake + 2);
  slot.sleep_mode.store(static_cast<uint32_t>(SleepMode::kLoop));
  return rung;
}

}  // namespace forkyard
