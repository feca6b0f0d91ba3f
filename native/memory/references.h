// References to blocks: each is a cell that names the block, and the block's count is the number of such cells.
// Every function acts for a slot: the caller's own, or a dead one that the caller is reaping.
// README.md has the protocol, models/references.pml its proof. Which blocks there are is allocator.h.
#pragma once

#include <cstdint>

#include "memory/detectable_word.h"
#include "shared/region.h"

namespace forkyard {

// One more reference, kept in `cell` (an empty cell that only `slot` writes). False: the block is free or its count
// is exhausted; nothing changed.
inline bool AcquireReference(const Region& region, uint32_t slot, uint64_t block, uint64_t cell) {
  Slot& self = region.slot(slot);
  uint32_t sequence = PublishIntent(self, Operation::kAcquire, block, cell);
  CrashPoint(CrashPointId::kReferenceIntentPublished);
  bool counted = ChangeCount(region, region.block(block).word, {slot, sequence, +1, 1});
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
  bool taken = ChangeCount(region, header.word, {slot, sequence, +1, 0, 1});
  CrashPoint(CrashPointId::kReferenceCountChanged);
  if (taken) {
    header.generation = sequence;
    region.word(cell).store(block);
  }
  CrashPoint(CrashPointId::kReferenceCellWritten);
  ClearIntent(self);
  return taken;
}

// Gives up the reference in `cell`. Taking the count to zero is what frees the block: one step, nothing to tidy.
inline void ReleaseReference(const Region& region, uint32_t slot, uint64_t cell) {
  uint64_t block = region.word(cell).load();
  if (!region.InData(block)) return;  // empty, or overwritten by a broken peer
  Slot& self = region.slot(slot);
  uint32_t sequence = PublishIntent(self, Operation::kRelease, block, cell);
  CrashPoint(CrashPointId::kReferenceIntentPublished);
  ChangeCount(region, region.block(block).word, {slot, sequence, -1, 1});
  CrashPoint(CrashPointId::kReferenceCountChanged);
  region.word(cell).store(0);
  CrashPoint(CrashPointId::kReferenceCellWritten);
  ClearIntent(self);
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
  std::atomic<uint64_t>& cell = region.word(intent.cell);
  switch (intent.operation()) {
    case Operation::kAcquire:
    case Operation::kAllocate:
      cell.store(ChangeHappened(region, slot, region.block(intent.object).word) ? intent.object : 0);
      break;
    case Operation::kRelease:
      if (!ChangeHappened(region, slot, region.block(intent.object).word)) {
        ChangeCount(region, region.block(intent.object).word, {slot, intent.sequence(), -1, 1});
      }
      cell.store(0);
      break;
    case Operation::kMove:
      region.word(intent.other).store(intent.object);
      cell.store(0);
      break;
    default:
      return;
  }
  ClearIntent(self);
}

}  // namespace forkyard
