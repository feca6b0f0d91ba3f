// References to blocks: each is a cell that names the block, and the block's count is the number of such cells.
// Every function acts for a slot: the caller's own, or a dead one that the caller is reaping.
// README.md has the protocol, models/references.pml its proof. Which blocks there are is allocator.h; releasing is
// in_flight.h, since a block may hold references itself.
#pragma once

#include <cstdint>

#include "memory/detectable_word.h"
#include "memory/spans.h"
#include "shared/region.h"

namespace forkyard {

// Whether there may be a block at the offset: what is needed to read its header. Whether there is one: spans.h.
inline bool MayBeBlock(const Region& region, uint64_t offset) {
  return region.InData(offset) && offset % kCacheLine == 0;
}

// Tells the owner of the block's span that there is something to collect. A store only where it is news: who frees
// block after block does not fight with the others for the line.
inline void NoteFreed(const Region& region, uint64_t block) {
  std::atomic<uint32_t>& freed = region.span(region.SpanOfOffset(block)).freed;
  if (freed.load() == 0) freed.store(1);
}

// One more reference, kept in `cell` (an empty cell that only `slot` writes). False: the block is free or its count
// is exhausted; nothing changed. Where nobody holds a reference to the block, a stale handle may name somebody's data:
// it is refused unless the span is given back and used anew in the same moment.
inline bool AcquireReference(const Region& region, uint32_t slot, uint64_t block, uint64_t cell) {
  if (!IsBlockInUse(region, block)) return false;
  Slot& self = region.slot(slot);
  uint32_t sequence = PublishIntent(self, Operation::kAcquire, block, cell);
  CrashPoint(CrashPointId::kReferenceIntentPublished);
  bool counted = ChangeCount(region, region.block(block).word, {slot, sequence, +1, 1}).has_value();
  CrashPoint(CrashPointId::kReferenceCountChanged);
  if (counted) region.word(cell).store(block);
  CrashPoint(CrashPointId::kReferenceCellWritten);
  ClearIntent(self);
  return counted;
}

// The first reference to a free block of one of the slot's own spans. False: it is not free after all.
inline bool AllocateBlock(const Region& region, uint32_t slot, uint64_t block, uint64_t cell) {
  Slot& self = region.slot(slot);
  uint32_t sequence = PublishIntent(self, Operation::kAllocate, block, cell);
  CrashPoint(CrashPointId::kReferenceIntentPublished);
  BlockHeader& header = region.block(block);
  // Before the count says that there is a block: whoever acquires it by a stale handle must see another generation,
  // and whoever releases it for us must not see a ring where there is none yet.
  if (CountWord::Unpack(header.word.load()).count == 0) {
    header.generation = sequence;
    header.kind = BlockKind::kSlab;
  }
  bool taken = ChangeCount(region, header.word, {slot, sequence, +1, 0, 1}).has_value();
  CrashPoint(CrashPointId::kReferenceCountChanged);
  if (taken) region.word(cell).store(block);
  CrashPoint(CrashPointId::kReferenceCellWritten);
  ClearIntent(self);
  return taken;
}

// A cell and the block that it was seen to name. Looked at once: it may stand where a broken peer writes as well.
struct Reference {
  uint64_t cell;
  uint64_t block;
};

// Gives up a reference. Taking the count to zero is what frees the block: one step, nothing to tidy. False, with nothing
// changed: fewer than `minimum` references were left.
inline bool GiveUpReference(const Region& region, uint32_t slot, Reference reference, uint32_t minimum) {
  const auto [cell, block] = reference;
  Slot& self = region.slot(slot);
  uint32_t sequence = PublishIntent(self, Operation::kRelease, block, cell);
  CrashPoint(CrashPointId::kReferenceIntentPublished);
  std::optional<uint32_t> left = ChangeCount(region, region.block(block).word, {slot, sequence, -1, minimum});
  CrashPoint(CrashPointId::kReferenceCountChanged);
  if (left == 0) NoteFreed(region, block);
  // A count of zero with a cell that names the block is the work of a broken peer: forget the cell.
  if (left || minimum == 1) region.word(cell).store(0);
  CrashPoint(CrashPointId::kReferenceCellWritten);
  ClearIntent(self);
  return left.has_value();
}

// Hands the reference in `from` over to `to`; both cells must be the slot's to write. The count does not change.
inline void MoveReference(const Region& region, uint32_t slot, uint64_t from, uint64_t to) {
  uint64_t block = region.word(from).load();
  Slot& self = region.slot(slot);
  PublishIntent(self, Operation::kMove, block, from, to);
  CrashPoint(CrashPointId::kMoveIntentPublished);
  region.word(to).store(block);
  CrashPoint(CrashPointId::kMoveTargetWritten);
  region.word(from).store(0);
  CrashPoint(CrashPointId::kMoveSourceCleared);
  ClearIntent(self);
}

// Finishes or undoes what a dead slot was doing to a reference, so that count and cells agree again.
// May be run again after dying half way: each step comes out the same.
inline void RecoverReference(const Region& region, uint32_t slot) {
  Slot& self = region.slot(slot);
  Intent& intent = self.intent;
  switch (intent.operation()) {
    case Operation::kAcquire:
    case Operation::kAllocate:
      region.word(intent.cell).store(ChangeHappened(region, slot, region.block(intent.object).word) ? intent.object : 0);
      break;
    case Operation::kRelease:
      // If it did not happen, count and cell still agree: whoever sweeps or closes what the cell is in releases it.
      if (!ChangeHappened(region, slot, region.block(intent.object).word)) break;
      NoteFreed(region, intent.object);
      region.word(intent.cell).store(0);
      break;
    case Operation::kMove:
      region.word(intent.other).store(intent.object);
      region.word(intent.cell).store(0);
      break;
    default:
      return;
  }
  ClearIntent(self);
}

}  // namespace forkyard
