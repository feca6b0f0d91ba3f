// Announce, re-check, wait, wake: how an environment sleeps without missing a message, and how a sender wakes it.
// The proof is models/ring.pml; why it is so is README.md beside this file.
#pragma once

#include <cstdint>
#include <utility>

#include "os/bell.h"
#include "os/futex.h"
#include "shared/crash_point.h"
#include "shared/region.h"

namespace forkyard {

static_assert(sizeof(os::BellSecret) == kBellSecretWords * sizeof(uint64_t));

// The bell of the owner of `slot_index` (models/bell.pml). It is published before the owner can announce a sleep: ClaimSlot has left
// an even epoch and no name, so a ringer that comes before has nobody to wake. Each owner has a socket, a name and a secret of its
// own: a predecessor's, which a copy of that process may still have, or a stranger by now, is never met.
inline os::Result<os::UniqueFd> OpenBell(const Region& region, uint32_t slot_index) {
  os::Result<os::BellSocket> bell = os::OpenBellSocket();
  if (!bell) return bell.error();
  Slot& slot = region.slot(slot_index);
  // In this order, all of it sequentially consistent; RingBell reads in the same order.
  slot.bell_name.store(0);
  for (uint32_t word = 0; word < kBellSecretWords; word++) slot.bell_secret[word].store(bell.value().secret.words[word]);
  CrashPoint(CrashPointId::kBellUnpublished);
  slot.bell_name.store(bell.value().name);
  return std::move(bell.value().fd);
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
  // The secret before the name: a secret is never sent to a name that is older. The other way round it would be told to whoever
  // listens at a dead predecessor's. A name with an older secret is rung in vain, but then its owner has not announced a sleep yet.
  os::BellSecret secret;
  for (uint32_t word = 0; word < kBellSecretWords; word++) secret.words[word] = slot.bell_secret[word].load();
  const uint64_t name = slot.bell_name.load();
  if (name == 0) return {};
  return os::RingBellSocket(socket_fd, name, secret);
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
