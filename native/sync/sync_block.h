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

// What the words are that each slot has in a block, if it has any.
enum class SlotWords : uint32_t {
  kNone,
  kGrants,    // of a condition: how many wait there, and above it how many of these were notified
  kArrivals,  // of a barrier: the generation that it waits in
};
inline constexpr uint32_t kGrant = 1u << 16;
inline constexpr uint32_t kWaitingMask = kGrant - 1;

// The state of a barrier: how many have arrived, whether it is broken, and above that the generation.
inline constexpr uint32_t kBroken = 1u << 16;
inline constexpr uint32_t kGeneration = 1u << 17;
inline constexpr uint32_t kArrivedMask = kBroken - 1;
// In the word of a slot, with a generation.
inline constexpr uint32_t kWaits = 1;
inline constexpr uint32_t kSawBroken = 2;

struct SyncBlock {
  BlockHeader block;
  // Written before anybody else knows the block.
  uint32_t kind;    // which class it is of: JavaScript's business, as the limit is
  uint32_t owners;  // number of owner cells
  SlotWords slot_words;
  uint32_t limit;
  uint32_t unused[4];
  // The line that those who take and those who release fight for.
  std::atomic<uint32_t> flags;
  std::atomic<uint32_t> turn;   // changes with each wake-up: those who block sleep while it is what they saw
  std::atomic<uint32_t> state;  // of a semaphore, an event, a barrier
  std::atomic<uint32_t> bar;    // 1 + slot of the one for whom newcomers must queue, or 0
  std::atomic<uint32_t> padding[11];
  std::atomic<uint32_t> first_owner;  // the cells begin here, one after the other, behind the wishes if there are more
  std::atomic<uint32_t> wants[kWantWords];
  std::atomic<uint32_t> more_owners[1];  // or kMaxSlots words of slots: a block has owners or these
};
static_assert(offsetof(SyncBlock, flags) == kCacheLine);

inline uint64_t SyncBlockBytes(uint32_t owners, SlotWords slot_words) {
  const uint32_t more = owners > 1 ? owners - 1 : 0;
  // Nobody makes one with both; but it may be said of one.
  const uint32_t words = slot_words == SlotWords::kNone || more > kMaxSlots ? more : kMaxSlots;
  return offsetof(SyncBlock, more_owners) + sizeof(uint32_t) * words - kBlockHeaderBytes;
}

inline std::atomic<uint32_t>& OwnerCell(SyncBlock& sync, uint32_t index) {
  return index == 0 ? sync.first_owner : sync.more_owners[index - 1];
}

inline std::atomic<uint32_t>& SlotWord(SyncBlock& sync, uint32_t slot) { return sync.more_owners[slot]; }

inline SyncBlock& SyncBlockAt(const Region& region, uint64_t block) {
  return *reinterpret_cast<SyncBlock*>(region.At(block));
}

// What a block is made for.
struct SyncShape {
  uint32_t kind = 0;
  uint32_t owners = 0;
  SlotWords slot_words = SlotWords::kNone;
  uint32_t limit = 0;
  uint64_t bytes() const { return SyncBlockBytes(owners, slot_words); }
};

// Makes a fresh block one that can be waited at; its payload is zeros.
inline void InitializeSync(const Region& region, uint64_t block, const SyncShape& shape) {
  SyncBlock& sync = SyncBlockAt(region, block);
  sync.kind = shape.kind;
  sync.owners = shape.owners;
  sync.slot_words = shape.slot_words;
  sync.limit = shape.limit;
  // From here on its owners are swept, even if its author dies now.
  std::atomic_signal_fence(std::memory_order_release);
  sync.block.kind = BlockKind::kSync;
}

}  // namespace forkyard
