// See spans.h. The rule behind each step: an entry is taken or given by one compare-and-swap from exactly the value
// that says whose it is, so doing a step twice does nothing the second time.
#include "memory/spans.h"

#include <algorithm>

namespace forkyard {
namespace {

uint64_t Claiming(uint32_t slot, uint32_t first, uint32_t generation) {
  return SpanWord{SpanState::kClaiming, 0, slot, first, generation}.Pack();
}

bool OwnsHead(const SpanWord& head, uint32_t slot) {
  return head.owner == slot && (head.state == SpanState::kHead || head.state == SpanState::kClaiming);
}

bool BelongsToRun(const SpanWord& entry, uint32_t slot, uint32_t first, uint32_t index) {
  if (entry.state == SpanState::kTail) return entry.info == first;
  if (entry.state == SpanState::kClaiming) return entry.owner == slot && entry.info == first;
  return index == first && entry.state == SpanState::kHead && entry.owner == slot;
}

// First fit from the bottom keeps the used part of the arena, and so every scan, short.
std::optional<uint32_t> FindFreeRun(const Region& region, uint32_t count) {
  uint32_t free_in_a_row = 0;
  for (uint32_t index = 0; index < region.header().span_count; index++) {
    bool free = SpanWord::Unpack(region.span(index).word.load(std::memory_order_relaxed)).state == SpanState::kFree;
    free_in_a_row = free ? free_in_a_row + 1 : 0;
    if (free_in_a_row == count) return index + 1 - count;
  }
  return std::nullopt;
}

// False: somebody else took one of them first.
bool ClaimEntries(const Region& region, uint32_t slot, uint32_t first, uint32_t count) {
  for (uint32_t index = first; index < first + count; index++) {
    std::atomic<uint64_t>& word = region.span(index).word;
    uint64_t seen = word.load();
    SpanWord entry = SpanWord::Unpack(seen);
    if (entry.state != SpanState::kFree) return false;
    if (!word.compare_exchange_strong(seen, Claiming(slot, first, entry.generation + 1))) return false;
    CrashPoint(CrashPointId::kSpanEntryClaimed);
  }
  return true;
}

// The head is written last: a head that its claimant owns says that the whole run is complete.
void PublishRun(const Region& region, uint32_t slot, const SpanRun& run) {
  for (uint32_t index = run.first + run.count - 1; index > run.first; index--) {
    SpanWord entry = SpanWord::Unpack(region.span(index).word.load());
    region.span(index).word.store(SpanWord{SpanState::kTail, 0, 0, run.first, entry.generation}.Pack());
  }
  CrashPoint(CrashPointId::kSpanTailsWritten);
  SpanEntry& head = region.span(run.first);
  head.high.store(0);
  head.freed.store(0);
  SpanWord entry = SpanWord::Unpack(head.word.load());
  head.word.store(SpanWord{SpanState::kHead, run.size_class, slot, run.count, entry.generation}.Pack());
  CrashPoint(CrashPointId::kSpanHeadPublished);
}

// Before the words of a run vanish: whoever wrote one last is told that it succeeded. A releaser that died right after
// its last change has no other way to learn it, and would take the change back from whatever lies there by then.
void HelpWriters(const Region& region, const SpanRun& run) {
  uint64_t start = region.SpanOffset(run.first);
  bool whole = run.size_class == kRunClass;
  uint64_t block_bytes = whole ? 0 : BlockBytesOfClass(run.size_class);
  uint32_t high = whole ? 1 : region.span(run.first).high.load();
  for (uint32_t index = 0; index < high; index++) {
    HelpWriter(region, CountWord::Unpack(region.block(start + index * block_bytes).word.load()));
  }
}

// Frees the run's entries from the end, the head last: while the head is ours, a tail that names it is ours too.
void FreeEntries(const Region& region, uint32_t slot, uint32_t first, uint32_t count) {
  SpanWord head = SpanWord::Unpack(region.span(first).word.load());
  if (!OwnsHead(head, slot)) return;
  if (head.state == SpanState::kHead) HelpWriters(region, {first, count, head.size_class});
  for (uint32_t index = first + count; index-- > first;) {
    std::atomic<uint64_t>& word = region.span(index).word;
    uint64_t seen = word.load();
    SpanWord entry = SpanWord::Unpack(seen);
    if (!BelongsToRun(entry, slot, first, index)) continue;
    // A claiming entry has not been written to. Pages that cannot be punched are cleared by hand: a new owner
    // relies on zeros.
    if (head.state == SpanState::kHead &&
        !os::PunchHole(region.fd(), region.SpanOffset(index), kSpanBytes).ok()) {
      __builtin_memset(region.At(region.SpanOffset(index)), 0, kSpanBytes);
    }
    CrashPoint(CrashPointId::kSpanPagesPunched);
    word.compare_exchange_strong(seen, SpanWord{SpanState::kFree, 0, 0, 0, entry.generation}.Pack());
    CrashPoint(CrashPointId::kSpanEntryFreed);
  }
}

void FinishReturn(const Region& region, uint32_t slot) {
  Slot& self = region.slot(slot);
  std::atomic<uint64_t>& quota = region.header().spans_in_use;
  uint32_t first = static_cast<uint32_t>(self.intent.cell);
  uint32_t count = static_cast<uint32_t>(self.intent.other);
  if (!ChangeHappened(region, slot, quota)) {
    FreeEntries(region, slot, first, count);
    ChangeCount(region, quota, {slot, self.intent.sequence(), -static_cast<int32_t>(count)});
  }
  CrashPoint(CrashPointId::kSpanQuotaGiven);
  ClearIntent(self);
}

}  // namespace

void ReturnSpans(const Region& region, uint32_t slot, uint32_t first, uint32_t count) {
  PublishIntent(region.slot(slot), Operation::kSpanReturn, region.OffsetOf(&region.header().spans_in_use), first,
                count);
  CrashPoint(CrashPointId::kSpanReturnIntentPublished);
  FinishReturn(region, slot);
}

SpanClaim ClaimSpans(const Region& region, uint32_t slot, uint32_t count, uint32_t size_class) {
  ArenaHeader& header = region.header();
  Slot& self = region.slot(slot);
  for (;;) {
    std::optional<uint32_t> first = FindFreeRun(region, count);
    if (!first) return {std::nullopt, ClaimFailure::kArenaExhausted};
    uint32_t sequence =
        PublishIntent(self, Operation::kSpanClaim, region.OffsetOf(&header.spans_in_use), *first, count);
    CrashPoint(CrashPointId::kSpanIntentPublished);
    CountChange take{slot, sequence, static_cast<int32_t>(count), 0, header.limit_spans};
    if (!ChangeCount(region, header.spans_in_use, take)) {
      ClearIntent(self);
      return {std::nullopt, ClaimFailure::kQuotaExhausted};
    }
    CrashPoint(CrashPointId::kSpanQuotaTaken);
    if (ClaimEntries(region, slot, *first, count)) {
      RaiseTo(header.spans_high, *first + count);
      PublishRun(region, slot, {*first, count, size_class});
      ClearIntent(self);
      return {first};
    }
    ReturnSpans(region, slot, *first, count);
  }
}

std::optional<uint32_t> AdoptSpans(const Region& region, uint32_t slot, uint32_t count, uint32_t size_class) {
  uint32_t high = region.header().spans_high.load();
  for (uint32_t index = 0; index < high; index++) {
    std::atomic<uint64_t>& word = region.span(index).word;
    uint64_t seen = word.load(std::memory_order_relaxed);
    SpanWord entry = SpanWord::Unpack(seen);
    if (entry.state != SpanState::kOrphan || entry.size_class != size_class || entry.info != count) continue;
    SpanWord adopted{SpanState::kHead, size_class, slot, count, entry.generation};
    if (word.compare_exchange_strong(seen, adopted.Pack())) {
      CrashPoint(CrashPointId::kSpanAdopted);
      return index;
    }
  }
  return std::nullopt;
}

uint32_t ReturnEmptyOrphans(const Region& region, uint32_t slot) {
  uint32_t returned = 0;
  uint32_t high = region.header().spans_high.load();
  for (uint32_t index = 0; index < high; index++) {
    std::atomic<uint64_t>& word = region.span(index).word;
    uint64_t seen = word.load();
    SpanWord entry = SpanWord::Unpack(seen);
    if (entry.state != SpanState::kOrphan) continue;
    // Adopted first: only of its own spans does a slot know that nobody allocates from them meanwhile.
    SpanWord adopted{SpanState::kHead, entry.size_class, slot, entry.info, entry.generation};
    if (!word.compare_exchange_strong(seen, adopted.Pack())) continue;
    CrashPoint(CrashPointId::kSpanAdopted);
    if (AllBlocksFree(region, {index, entry.info, entry.size_class})) {
      ReturnSpans(region, slot, index, entry.info);
      returned += entry.info;
    } else {
      word.store(entry.Pack());
    }
  }
  return returned;
}

bool IsBlockInUse(const Region& region, uint64_t offset) {
  if (!region.InData(offset) || offset % kCacheLine != 0) return false;
  uint32_t index = region.SpanOfOffset(offset);
  SpanWord entry = SpanWord::Unpack(region.span(index).word.load());
  if (entry.state != SpanState::kHead && entry.state != SpanState::kOrphan) return false;
  uint64_t inside = offset - region.SpanOffset(index);
  uint64_t room = entry.info * kSpanBytes;
  if (entry.size_class < kSizeClasses) {
    room = BlockBytesOfClass(entry.size_class);
    if (inside % room != 0 || inside / room >= region.span(index).high.load()) return false;
  } else if (inside != 0) {
    return false;
  }
  const BlockHeader& header = region.block(offset);
  return CountWord::Unpack(header.word.load()).count > 0 && header.payload_bytes <= room - kBlockHeaderBytes;
}

bool AllBlocksFree(const Region& region, const SpanRun& run) {
  uint64_t start = region.SpanOffset(run.first);
  if (run.size_class == kRunClass) return CountWord::Unpack(region.block(start).word.load()).count == 0;
  uint64_t block_bytes = BlockBytesOfClass(run.size_class);
  uint32_t high = region.span(run.first).high.load();
  for (uint32_t index = 0; index < high; index++) {
    if (CountWord::Unpack(region.block(start + index * block_bytes).word.load()).count != 0) return false;
  }
  return true;
}

void RecoverSpans(const Region& region, uint32_t slot) {
  Slot& self = region.slot(slot);
  uint32_t first = static_cast<uint32_t>(self.intent.cell);
  uint32_t count = static_cast<uint32_t>(self.intent.other);
  Operation operation = self.intent.operation();
  if (operation == Operation::kSpanReturn) return FinishReturn(region, slot);
  if (operation != Operation::kSpanClaim) return;
  SpanWord head = SpanWord::Unpack(region.span(first).word.load());
  bool complete = head.state == SpanState::kHead && head.owner == slot;
  if (!complete && ChangeHappened(region, slot, region.header().spans_in_use)) {
    return ReturnSpans(region, slot, first, count);
  }
  ClearIntent(self);
}

void SweepSpans(const Region& region, uint32_t slot) {
  uint32_t high = region.header().spans_high.load();
  for (uint32_t index = 0; index < high; index++) {
    std::atomic<uint64_t>& word = region.span(index).word;
    uint64_t seen = word.load();
    SpanWord entry = SpanWord::Unpack(seen);
    if (entry.state != SpanState::kHead || entry.owner != slot) continue;
    if (AllBlocksFree(region, {index, entry.info, entry.size_class})) {
      ReturnSpans(region, slot, index, entry.info);
    } else {
      SpanWord orphan{SpanState::kOrphan, entry.size_class, 0, entry.info, entry.generation};
      word.compare_exchange_strong(seen, orphan.Pack());
    }
    CrashPoint(CrashPointId::kReaperSpanSwept);
  }
}

}  // namespace forkyard
