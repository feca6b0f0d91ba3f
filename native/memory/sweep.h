// Everything in memory/ that a dead slot leaves behind, in the order in which it must be swept.
#pragma once

#include "memory/in_flight.h"
#include "memory/references.h"
#include "memory/spans.h"

namespace forkyard {

// First the operation in the middle of which it died, so that counts and cells agree; then its references, and what is
// in flight in rings that nobody else is left to read; then its spans, which may have become empty by that. Acts as the
// dead slot; may be run again after dying half way.
inline void SweepMemory(const Region& region, uint32_t slot) {
  RecoverReference(region, slot);
  RecoverSpans(region, slot);
  CrashPoint(CrashPointId::kReaperIntentSettled);
  uint32_t high = region.slot(slot).ledger_high.load();
  for (uint32_t index = 0; index < high; index++) {
    uint64_t cell = Region::LedgerCell(slot, index);
    if (region.word(cell).load() == 0) continue;
    ReleaseReference(region, slot, cell);
    CrashPoint(CrashPointId::kReaperCellReleased);
  }
  CrashPoint(CrashPointId::kReaperLedgerSwept);
  SweepSpans(region, slot);
}

}  // namespace forkyard
