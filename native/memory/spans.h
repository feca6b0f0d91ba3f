// Spans: claiming a run of them within the quota, giving it back, orphaning and adopting it. Each survives the death
// of whoever does it at every step (README.md, models/allocator.pml). Blocks inside a span are allocator.h.
#pragma once

#include <cstdint>
#include <optional>

#include "memory/detectable_word.h"
#include "memory/size_classes.h"
#include "os/mapping.h"
#include "shared/region.h"

namespace forkyard {

enum class ClaimFailure { kQuotaExhausted, kArenaExhausted };

struct SpanClaim {
  std::optional<uint32_t> first;  // index of the run's first span
  ClaimFailure failure = ClaimFailure::kQuotaExhausted;
};

struct SpanRun {
  uint32_t first;
  uint32_t count;
  uint32_t size_class;
};

SpanClaim ClaimSpans(const Region& region, uint32_t slot, uint32_t count, uint32_t size_class);

// Gives a run back that `slot` owns and in which every block is free: its pages first, so that a free span always
// reads as zeros.
void ReturnSpans(const Region& region, uint32_t slot, uint32_t first, uint32_t count);

// Takes over one orphaned run of that class (and, for runs, length), if there is one.
std::optional<uint32_t> AdoptSpans(const Region& region, uint32_t slot, uint32_t count, uint32_t size_class);

// Returns every orphaned run without a block in use to the system. Returns the number of spans.
uint32_t ReturnEmptyOrphans(const Region& region, uint32_t slot);

// Whether a block in use begins at `offset` and claims no more than its place: for what a peer says. The answer holds
// as long as there is a reference to the block.
bool IsBlockInUse(const Region& region, uint64_t offset);

// True if no block of the run is in use. Final only if nobody can allocate from it meanwhile: for its owner, and for
// the reaper of its owner.
bool AllBlocksFree(const Region& region, const SpanRun& run);

// Of a dead slot: finishes its half-made claim or return (`RecoverSpans`), then returns what is empty and orphans the
// rest (`SweepSpans`).
void RecoverSpans(const Region& region, uint32_t slot);
void SweepSpans(const Region& region, uint32_t slot);

}  // namespace forkyard
