// What the reaper does with a dead slot: its side of every ring is closed, its memory swept.
#pragma once

#include "channel/spsc_ring.h"
#include "memory/sweep.h"

namespace forkyard {

inline void SweepSlot(const Region& region, uint32_t slot) {
  SweepMemory(region, slot, [&](uint64_t block) {
    if (region.InData(block) && region.block(block).kind == BlockKind::kRing) CloseRingSide(region, slot, block);
  });
}

}  // namespace forkyard
