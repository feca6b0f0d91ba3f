// An arena for harnesses: one for all inputs, put back before each of them into the state in which it was kept. So an input
// costs microseconds, and what is found with one does not depend on those before it.
#pragma once

#include <optional>

#include "channel/queue.h"
#include "channel/spsc_ring.h"
#include "channel/sweep.h"
#include "family/slots.h"
#include "fuzz.h"
#include "memory/allocator.h"
#include "memory/arena.h"

#if defined(__SANITIZE_ADDRESS__)
#define FORKYARD_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FORKYARD_ADDRESS_SANITIZER 1
#endif
#endif
#if FORKYARD_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace forkyard::fuzz {

// Two members. Nobody lives in their slots: what is fuzzed asks no system who does.
inline constexpr uint32_t kSelf = 0, kOther = 1;
inline constexpr uint32_t kCells = 128;  // of the ledger of each
// A block of this and the header of a ring leaves 256 bytes of its place over, for the sanitizer to watch.
inline constexpr uint32_t kRingCapacity = 2048;

class Arena {
 public:
  Arena() {
    os::Result<Region> made = CreateArena({2ull << 30, 16 * kSpanBytes});
    MUST(made.ok());
    region = made.value();
    allocator_.emplace(region, kSelf);
    region.header().slots_high.store(2);
    for (uint32_t slot : {kSelf, kOther}) {
      region.slot(slot).ledger_high.store(kCells);
      const struct SlotWord live{SlotState::kLive, kNoSlot, 0, 1};
      region.slot(slot).word.store(live.Pack());
    }
  }

  // The cell of a new block of the first member, which is put back before each input.
  uint64_t Allocate(uint64_t payload_bytes, BlockKind kind) {
    MUST(next_cell_ < kCells);
    const uint64_t cell = Region::LedgerCell(kSelf, next_cell_++);
    MUST(allocator_->Allocate(payload_bytes, kind, cell).failure == AllocationFailure::kNone);
    blocks.push_back(Block(cell));
    return cell;
  }
  uint64_t CreateRing() {
    const uint64_t cell = Allocate(kRingDataOffset - kBlockHeaderBytes + kRingCapacity, BlockKind::kRing);
    InitializeRing(region, Block(cell), kRingCapacity);
    return cell;
  }
  uint64_t Block(uint64_t cell) const { return region.word(cell).load(); }

  // The state as it is now is the one that `PutBack` restores; what is no block's is out of bounds from now on.
  void Keep() {
    Add(0, sizeof(ArenaHeader));
    Add(kSlotsOffset, 2 * sizeof(Slot));
    for (uint32_t slot : {kSelf, kOther}) Add(Region::LedgerCell(slot, 0), kCells * sizeof(uint64_t));
    Add(kSpanTableOffset, 16 * sizeof(SpanEntry));
    Forbid(region.header().data_offset, 16 * kSpanBytes);
    for (uint64_t block : blocks) {
      Allow(block, kBlockHeaderBytes);
      const uint64_t bytes = region.block(block).payload_bytes + kBlockHeaderBytes;
      Allow(block, bytes);
      // Of a queue, the lines of all slots but two are zeros, and stay so.
      const bool is_queue = region.block(block).kind == BlockKind::kQueue;
      Add(block, is_queue ? offsetof(QueueBlock, slots) + 2 * sizeof(QueueSlot) : bytes);
    }
  }

  void PutBack() {
    for (const Kept& kept : kept_) std::memcpy(region.At(kept.offset), kept.bytes.data(), kept.bytes.size());
  }

  // An offset that somebody may claim to be that of a block, or anything else.
  uint64_t Claim(Bytes& bytes) const {
    const uint8_t which = bytes.Byte();
    if (which == 255) return bytes.Take<uint64_t>();
    if (which == 254) return region.header().data_offset + bytes.Take<uint32_t>();
    return which < 2 * blocks.size() ? blocks[which / 2] + (which % 2) * 64 : which;
  }

  Region region;
  std::vector<uint64_t> blocks;

 private:
  struct Kept {
    uint64_t offset;
    std::vector<uint8_t> bytes;
  };

  void Add(uint64_t offset, uint64_t bytes) {
    kept_.push_back({offset, std::vector<uint8_t>(region.At(offset), region.At(offset) + bytes)});
  }
#if FORKYARD_ADDRESS_SANITIZER
  void Forbid(uint64_t offset, uint64_t bytes) { __asan_poison_memory_region(region.At(offset), bytes); }
  void Allow(uint64_t offset, uint64_t bytes) { __asan_unpoison_memory_region(region.At(offset), bytes); }
#else
  void Forbid(uint64_t, uint64_t) {}
  void Allow(uint64_t, uint64_t) {}
#endif

  std::optional<Allocator> allocator_;
  std::vector<Kept> kept_;
  uint32_t next_cell_ = 0;
};

}  // namespace forkyard::fuzz
