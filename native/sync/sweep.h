// What a dead slot leaves at the blocks that it refers to: permits that it owns, and its wish for one.
#pragma once

#include "family/names.h"
#include "memory/sweep.h"
#include "shared/region.h"

namespace forkyard {

// Before the references of the slot are swept: an owner has one as long as it owns, so all that it owns is found. Each
// step is one exchange, so it may be run again after dying half way.
void SweepSync(const Region& region, uint32_t slot);

// The same of one such block: nobody in the environment can release any more what it owns there.
void SweepSyncBlock(const Region& region, uint64_t block, uint32_t slot);

// All that a dead slot leaves behind: what a reaper is given.
inline void SweepSlot(const Region& region, uint32_t slot) {
  SweepNames(region, slot);
  SweepSync(region, slot);
  SweepMemory(region, slot);
}

}  // namespace forkyard
