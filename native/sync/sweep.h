// What a dead slot leaves at the blocks that it refers to: permits that it owns, and its wish for one.
#pragma once

#include <array>

#include "shared/region.h"
#include "sync/sync_block.h"

namespace forkyard {

// Of one block: each step is one exchange, so it may be run again after dying half way. An owner refers to the block as long as it
// owns, so whoever goes through the references of the dead finds all of them. There are so many bytes, whatever it says itself.
void SweepSyncBlock(const Region& region, uint64_t block, uint32_t slot, uint64_t payload_bytes);

// A bit for each slot that wants something.
using WantBits = std::array<uint32_t, kWantWords>;

inline void AddWanting(const SyncBlock& sync, WantBits& wanting) {
  for (uint32_t word = 0; word < kWantWords; word++) wanting[word] |= sync.wants[word].load();
}

}  // namespace forkyard
