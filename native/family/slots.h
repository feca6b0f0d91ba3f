// Slots: reserving one for a child, claiming it, telling whether its environment still lives, giving it back.
// What happens to the belongings of a dead one is reaper.h.
#pragma once

#include <cstdint>
#include <optional>

#include "os/result.h"
#include "shared/region.h"

namespace forkyard {

struct SlotId {
  uint32_t index = kNoSlot;
  uint32_t generation = 0;
};

// What this process knows of itself; the same for all its environments.
struct ProcessToken {
  int liveness_fd = -1;
  uint32_t pid = 0;
  uint64_t start_time = 0;
};

// A free slot, set aside by `parent` for an environment that is about to start. Nothing if all are taken.
std::optional<SlotId> ReserveSlot(const Region& region, SlotId parent);

// Takes the liveness token, then the reserved slot: whoever loses the race for it must not run.
// ESTALE: it was claimed or taken back before.
os::Result<void> ClaimSlot(const Region& region, const ProcessToken& self, SlotId id);

// Takes back a reservation that nobody claimed. False: somebody did.
bool CancelReservation(const Region& region, SlotId id);

// The same slot for another child: whoever was invited to it before comes too late. Nothing: somebody has claimed it.
std::optional<SlotId> RenewReservation(const Region& region, SlotId id);

enum class SlotCondition { kUnused, kReserved, kAlive, kDead, kBeingReaped };

SlotCondition ConditionOf(const Region& region, const ProcessToken& self, uint32_t index);

// Whether the slot is that of an environment whose parent has gone: its lifeline is about to end it, or has.
bool IsOrphan(const Region& region, uint32_t index);

// The process that has claimed the slot in this life of it; 0: none has yet, or it is gone.
uint32_t ClaimantOf(const Region& region, SlotId id);

// Whether the environment `id` has gone and its belongings are swept: its slot is free or in other hands.
bool IsGone(const Region& region, SlotId id);

}  // namespace forkyard
