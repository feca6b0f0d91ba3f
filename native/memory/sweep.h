// Everything in memory/ that a dead slot leaves behind, in the order in which it must be swept.
// What its references refer to may have an end of its own to come to: channel/sweep.h.
#pragma once

#include "memory/references.h"
#include "memory/spans.h"

namespace forkyard {

// First the operation in the middle of which it died, so that counts and cells agree; then its references, each after
// `before_release(block)`; then its spans, which may have become empty by that. Acts as the dead slot; may be run
// again after dying half way.
template <class BeforeRelease>
void SweepMemory(const Region& region, uint32_t slot, BeforeRelease before_release) {
  RecoverReference(region, slot);
  RecoverSpans(region, slot);
  CrashPoint(CrashPointId::kReaperIntentSettled);
  uint32_t high = region.slot(slot).ledger_high.load();
  for (uint32_t index = 0; index < high; index++) {
    uint64_t cell = Region::LedgerCell(slot, index);
    uint64_t block = region.word(cell).load();
    if (block == 0) continue;
    before_release(block);
    ReleaseReference(region, slot, cell);
    CrashPoint(CrashPointId::kReaperCellReleased);
  }
  CrashPoint(CrashPointId::kReaperLedgerSwept);
  SweepSpans(region, slot);
}

}  // namespace forkyard
