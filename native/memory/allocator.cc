// See allocator.h.
#include "memory/allocator.h"

#include <algorithm>
#include <atomic>

#include "memory/in_flight.h"

namespace forkyard {
namespace {

// A run that is reused may be up to a quarter longer than what is asked for.
bool RunFits(uint32_t run, uint32_t wanted) { return run >= wanted && run <= wanted + wanted / 4; }

AllocationFailure ToAllocationFailure(ClaimFailure failure) {
  return failure == ClaimFailure::kQuotaExhausted ? AllocationFailure::kQuotaExhausted
                                                  : AllocationFailure::kArenaExhausted;
}

}  // namespace

Allocator::Outcome Allocator::Allocate(uint64_t payload_bytes, BlockKind kind, uint64_t cell) {
  uint64_t arena_bytes = static_cast<uint64_t>(region_.header().span_count) * kSpanBytes;
  if (payload_bytes > arena_bytes - kBlockHeaderBytes) return {0, AllocationFailure::kTooLarge};
  uint64_t block_bytes = payload_bytes + kBlockHeaderBytes;
  AllocationFailure failure = AllocationFailure::kNone;
  bool small = block_bytes <= kLargestSmallBlock;
  uint32_t size_class = small ? ClassOfBlockBytes(block_bytes) : kRunClass;
  for (;;) {
    std::optional<uint64_t> block =
        small ? TakeSmall(size_class, &failure)
              : TakeRun(static_cast<uint32_t>((block_bytes + kSpanBytes - 1) / kSpanBytes), &failure);
    if (!block) return {0, failure};
    // A block of a private list can only be taken by this slot, but a word in shared memory is never trusted blindly.
    if (!AllocateBlock(region_, slot_, *block, cell)) continue;
    BlockHeader& header = region_.block(*block);
    header.payload_bytes = payload_bytes;
    // What the block held in its last life must not pass for a ring: InitializeRing sets the capacity last.
    if (kind == BlockKind::kRing) region_.ring(*block).capacity = 0;
    std::atomic_signal_fence(std::memory_order_release);
    header.kind = kind;
    CrashPoint(CrashPointId::kBlockAllocated);
    return {*block, AllocationFailure::kNone};
  }
}

void Allocator::Release(uint64_t cell) { ReleaseReference(region_, slot_, cell); }

std::optional<uint64_t> Allocator::TakeSmall(uint32_t size_class, AllocationFailure* failure) {
  SizeClass& own = classes_[size_class];
  for (;;) {
    if (!own.free_blocks.empty()) {
      uint64_t block = own.free_blocks.back();
      own.free_blocks.pop_back();
      return block;
    }
    if (CollectFreed(size_class)) continue;
    if (std::optional<uint64_t> block = TakeFresh(size_class)) return block;
    if (!AddSpan(size_class, failure)) return std::nullopt;
  }
}

std::optional<uint64_t> Allocator::TakeFresh(uint32_t size_class) {
  SizeClass& own = classes_[size_class];
  if (own.fresh_span == ~0u) return std::nullopt;
  SpanEntry& span = region_.span(own.fresh_span);
  uint32_t high = span.high.load(std::memory_order_relaxed);
  if (high == BlocksInSpan(size_class)) {
    own.fresh_span = ~0u;
    return std::nullopt;
  }
  // Raised before the block is taken: a scan after our death must see it.
  span.high.store(high + 1);
  return region_.SpanOffset(own.fresh_span) + high * BlockBytesOfClass(size_class);
}

std::optional<uint64_t> Allocator::TakeRun(uint32_t count, AllocationFailure* failure) {
  for (const SpanRun& run : runs_) {
    if (RunFits(run.count, count) && AllBlocksFree(region_, run)) return region_.SpanOffset(run.first);
  }
  std::optional<uint32_t> first = AdoptSpans(region_, slot_, count, kRunClass);
  if (first) {
    runs_.push_back({*first, count, kRunClass});
    if (AllBlocksFree(region_, runs_.back())) return region_.SpanOffset(*first);
  }
  SpanClaim claim = Claim(count, kRunClass);
  if (!claim.first) {
    *failure = ToAllocationFailure(claim.failure);
    return std::nullopt;
  }
  runs_.push_back({*claim.first, count, kRunClass});
  return region_.SpanOffset(*claim.first);
}

// The private list is empty when this runs, so a free block can be on no list.
bool Allocator::CollectFreed(uint32_t size_class) {
  SizeClass& own = classes_[size_class];
  for (uint32_t span : own.spans) {
    if (region_.span(span).freed.exchange(0) != 0) CollectBlocks(span, size_class);
  }
  return !own.free_blocks.empty();
}

void Allocator::CollectBlocks(uint32_t span, uint32_t size_class) {
  uint64_t start = region_.SpanOffset(span);
  uint64_t block_bytes = BlockBytesOfClass(size_class);
  uint32_t high = region_.span(span).high.load();
  for (uint32_t index = 0; index < high; index++) {
    uint64_t block = start + index * block_bytes;
    if (CountWord::Unpack(region_.block(block).word.load()).count == 0) classes_[size_class].free_blocks.push_back(block);
  }
}

bool Allocator::AddSpan(uint32_t size_class, AllocationFailure* failure) {
  SizeClass& own = classes_[size_class];
  if (std::optional<uint32_t> adopted = AdoptSpans(region_, slot_, 1, size_class)) {
    own.spans.push_back(*adopted);
    own.fresh_span = *adopted;
    CollectBlocks(*adopted, size_class);
    return true;
  }
  SpanClaim claim = Claim(1, size_class);
  if (!claim.first) {
    *failure = ToAllocationFailure(claim.failure);
    return false;
  }
  own.spans.push_back(*claim.first);
  own.fresh_span = *claim.first;
  return true;
}

// Empty spans, our own or of the dead, must not be the reason for a refusal.
SpanClaim Allocator::Claim(uint32_t count, uint32_t size_class) {
  SpanClaim claim = ClaimSpans(region_, slot_, count, size_class);
  if (!claim.first && Trim() > 0) claim = ClaimSpans(region_, slot_, count, size_class);
  return claim;
}

uint32_t Allocator::Trim() {
  uint32_t returned = 0;
  auto return_if_free = [&](const SpanRun& run) {
    if (!AllBlocksFree(region_, run)) return false;
    ReturnSpans(region_, slot_, run.first, run.count);
    returned += run.count;
    return true;
  };
  std::erase_if(runs_, return_if_free);
  for (uint32_t size_class = 0; size_class < kSizeClasses; size_class++) {
    SizeClass& own = classes_[size_class];
    std::erase_if(own.spans, [&](uint32_t span) {
      if (!return_if_free({span, 1, size_class})) return false;
      if (own.fresh_span == span) own.fresh_span = ~0u;
      std::erase_if(own.free_blocks, [&](uint64_t block) { return region_.SpanOfOffset(block) == span; });
      return true;
    });
  }
  return returned + ReturnEmptyOrphans(region_, slot_);
}

uint64_t Allocator::owned_spans() const {
  uint64_t spans = 0;
  for (const SpanRun& run : runs_) spans += run.count;
  for (const SizeClass& own : classes_) spans += own.spans.size();
  return spans;
}

}  // namespace forkyard
