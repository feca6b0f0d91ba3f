// Allocator: hands out blocks of the spans that one slot owns. Its lists are private memory and only a cache; the
// truth is in the blocks' words, so nothing is lost with it. Only its slot's thread uses it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "memory/references.h"
#include "memory/spans.h"

namespace forkyard {

enum class AllocationFailure { kNone, kQuotaExhausted, kArenaExhausted, kLedgerFull, kTooLarge };

class Allocator {
 public:
  Allocator(const Region& region, uint32_t slot) : region_(region), slot_(slot) {}

  struct Outcome {
    uint64_t block = 0;  // offset of its header
    AllocationFailure failure = AllocationFailure::kNone;
  };

  // A block with at least `payload_bytes` behind its header, referenced by `cell`. The payload is not cleared.
  Outcome Allocate(uint64_t payload_bytes, BlockKind kind, uint64_t cell);

  // Gives up a reference of this slot; a block that became free may be handed out again.
  void Release(uint64_t cell);

  // Returns every run and every span without a block in use to the system, its own and those of the dead. Returns the
  // number of spans.
  uint32_t Trim();

  uint64_t owned_spans() const;

 private:
  struct SizeClass {
    std::vector<uint64_t> free_blocks;
    std::vector<uint32_t> spans;
    uint32_t fresh_span = ~0u;  // the span whose blocks at `high` and above were never handed out
  };

  std::optional<uint64_t> TakeSmall(uint32_t size_class, AllocationFailure* failure);
  std::optional<uint64_t> TakeFresh(uint32_t size_class);
  std::optional<uint64_t> TakeRun(uint32_t count, AllocationFailure* failure);
  bool CollectFreed(uint32_t size_class);
  bool AddSpan(uint32_t size_class, AllocationFailure* failure);
  SpanClaim Claim(uint32_t count, uint32_t size_class);
  void CollectBlocks(uint32_t span, uint32_t size_class);

  Region region_;
  uint32_t slot_;
  std::array<SizeClass, kSizeClasses> classes_;
  std::vector<SpanRun> runs_;
};

}  // namespace forkyard
