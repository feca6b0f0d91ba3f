// A block that environments wait at: who owns its permits, who wants one, who was woken last. The protocol is
// README.md, its proof models/lock.pml; the side that takes and waits is src/sync/.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shared/region.h"

namespace forkyard {

// An owner cell: 0, 1 + slot of the owner, or kOwnerDied: free, and its last owner died with it.
inline constexpr uint32_t kOwnerDied = 1u << 31;
inline constexpr uint32_t kWantWords = kMaxSlots / 32;
// The count in a turn; below it is 1 + the slot that was woken last.
inline constexpr uint32_t kTurnStep = 1u << 13;
static_assert(kTurnStep > kMaxSlots);

struct SyncBlock {
  BlockHeader block;
  // Written before anybody else knows the block.
  uint32_t kind;    // which class it is of: JavaScript's business
  uint32_t owners;  // number of owner cells
  uint32_t unused[6];
  // The line that those who take and those who release fight for.
  std::atomic<uint32_t> flags;
  std::atomic<uint32_t> turn;   // changes with each wake-up: those who block sleep while it is what they saw
  std::atomic<uint32_t> state;  // of a semaphore, of an event
  std::atomic<uint32_t> bar;    // 1 + slot of the one for whom newcomers must queue, or 0
  std::atomic<uint32_t> padding[11];
  std::atomic<uint32_t> first_owner;  // the cells begin here, one after the other, behind the wishes if there are more
  std::atomic<uint32_t> wants[kWantWords];
  std::atomic<uint32_t> more_owners[1];
};
static_assert(offsetof(SyncBlock, flags) == kCacheLine);

inline uint64_t SyncBlockBytes(uint32_t owners) {
  return offsetof(SyncBlock, more_owners) + sizeof(uint32_t) * (owners > 1 ? owners - 1 : 0) - kBlockHeaderBytes;
}

inline std::atomic<uint32_t>& OwnerCell(SyncBlock& sync, uint32_t index) {
  return index == 0 ? sync.first_owner : sync.more_owners[index - 1];
}

inline SyncBlock& SyncBlockAt(const Region& region, uint64_t block) {
  return *reinterpret_cast<SyncBlock*>(region.At(block));
}

// Makes a fresh block one that can be waited at; its payload is zeros.
inline void InitializeSync(const Region& region, uint64_t block, uint32_t kind, uint32_t owners) {
  SyncBlock& sync = SyncBlockAt(region, block);
  sync.kind = kind;
  sync.owners = owners;
  // From here on its owners are swept, even if its author dies now.
  std::atomic_signal_fence(std::memory_order_release);
  sync.block.kind = BlockKind::kSync;
}

}  // namespace forkyard
