// The reaper: whoever finds a slot whose environment is dead claims it, sweeps its belongings and frees the slot.
// What is swept is handed in (memory/sweep.h), so that this folder knows nothing of blocks.
#pragma once

#include <cstdint>

#include "family/slots.h"

namespace forkyard {

using Sweep = void (*)(const Region& region, uint32_t slot);

enum class ReapOutcome { kReaped, kNotDead, kBusy };

struct Reaper {
  const Region& region;
  const ProcessToken& process;
  SlotId self;
  Sweep sweep;

  // kBusy: another living environment is at it.
  ReapOutcome Reap(uint32_t index) const;

  // Every dead slot there is. Returns how many were reaped.
  uint32_t ReapAll() const;

  // Every dead slot; returns how many live ones there are whose parent has gone: the lifeline's SIGKILL arrives a moment
  // after the parent's death.
  uint32_t ReapOrphans() const;

  // The orderly end of an environment, by itself: the same sweep, then the slot and the token go.
  void Retire() const;
};

}  // namespace forkyard
