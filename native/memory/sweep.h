// Everything in memory/ that a dead slot leaves behind, in the order in which it must be swept.
#pragma once

#include "memory/in_flight.h"
#include "memory/references.h"
#include "memory/spans.h"

namespace forkyard {

// Both act as the dead slot, and may be run again after dying half way.

// The operation in the middle of which it died, so that counts and cells agree: before anything else is done as that slot.
inline void SettleIntent(const Region& region, uint32_t slot) {
  RecoverReference(region, slot);
  RecoverSpans(region, slot);
  CrashPoint(CrashPointId::kReaperIntentSettled);
}

// Its references, and what is in flight in rings that nobody else is left to read; then its spans, which may have become
// empty by that.
inline void SweepMemory(const Region& region, uint32_t slot) {
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
