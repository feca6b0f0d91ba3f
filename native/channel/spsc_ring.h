// The native half of a ring: making one, attaching references to a record, taking them out. What the last to leave it
// releases is memory/in_flight.h. Writing and reading of plain records is src/channel/, on the same layout; README.md
// has the drawing.
#pragma once

#include <cstdint>

#include "memory/in_flight.h"
#include "os/result.h"
#include "shared/region.h"

namespace forkyard {

void InitializeRing(const Region& region, uint64_t block, uint32_t capacity);

struct RecordReferences {
  uint64_t ring;            // offset of the ring's block
  uint32_t position;        // of the record; == tail, its header and payload are written
  const uint64_t* cells;    // offsets of the producer's own cells, handed over
  uint32_t count;
};

// Producer: declares the record's cells (`reserved`), then moves the references into them. The caller publishes the
// tail afterwards and then clears `attaching`. EPROTO if the ring does not hold such a record.
os::Result<void> AttachReferences(const Region& region, uint32_t slot, const RecordReferences& record);

// One reference of a published record, still in the ring. The position lies in [head, tail), but for a record that the
// producer has taken back: the consumer may have moved its head past that already, and nobody else writes there.
struct InFlight {
  uint64_t ring;  // offset of the ring's block
  uint32_t position;
  uint32_t index;
  bool taken_back = false;
};

// Each answers EPROTO if the ring is not as it claims: the other side may be broken or hostile.
os::Result<void> TakeReference(const Region& region, uint32_t slot, const InFlight& from, uint64_t to);
os::Result<uint64_t> PeekReference(const Region& region, const InFlight& reference);
os::Result<void> DropReference(const Region& region, uint32_t slot, const InFlight& reference);

}  // namespace forkyard
