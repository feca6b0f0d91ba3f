// The native half of a ring: making one, attaching references to a record, taking them out, cleaning up after a
// death. Writing and reading of plain records is src/channel/ring.ts, on the same layout; README.md has the drawing.
#pragma once

#include <cstdint>

#include "memory/references.h"
#include "os/result.h"
#include "shared/region.h"

namespace forkyard {

// Bytes of a record in the ring, header included.
constexpr uint64_t RecordBytes(uint32_t payload_bytes, uint32_t cells) {
  return kRecordHeaderBytes + ((static_cast<uint64_t>(payload_bytes) + 7) & ~7ull) + cells * 8ull;
}

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

// One reference of a published record, still in the ring. The position lies in [head, tail): the consumer's own
// head, or, once the consumer's slot was swept, any record that the producer takes back.
struct InFlight {
  uint64_t ring;  // offset of the ring's block
  uint32_t position;
  uint32_t index;
};

// Each answers EPROTO if the ring is not as it claims: the other side may be broken or hostile.
os::Result<void> TakeReference(const Region& region, uint32_t slot, const InFlight& from, uint64_t to);
os::Result<uint64_t> PeekReference(const Region& region, const InFlight& reference);
os::Result<void> DropReference(const Region& region, uint32_t slot, const InFlight& reference);

// One side leaves for good, by closing or by being swept; to be called before its reference to the ring is released.
// The last to leave releases every reference in flight, published or half attached: not before, since the last move
// of a dead side may stand in two cells until its slot is swept. May be run again after dying half way.
void CloseRingSide(const Region& region, uint32_t slot, uint64_t ring);

}  // namespace forkyard
