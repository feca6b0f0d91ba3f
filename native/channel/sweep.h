// All that a dead slot leaves behind, in the order in which it is swept: what a reaper is given.
#pragma once

#include "shared/region.h"

namespace forkyard {

// Names, then the operation that it died in, then what others may wait for at locks and queues, then its memory; at last those who
// wait there are woken to look again. Acts as the dead slot; may be run again after dying half way.
void SweepSlot(const Region& region, uint32_t slot);

// The same of one block, which nobody in the environment of the slot can use any more.
void SweepBlock(const Region& region, uint64_t block, uint32_t slot);

}  // namespace forkyard
