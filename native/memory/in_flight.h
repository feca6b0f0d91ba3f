// References inside the records of a ring: where they stand, and releasing them with the last reference to the ring.
// Writing and taking records is channel/. What stands in a ring is not believed: its other side may be broken.
#pragma once

#include <cstdint>

#include "os/result.h"
#include "shared/region.h"

namespace forkyard {

// Bytes of a record in the ring, header included.
constexpr uint64_t RecordBytes(uint32_t payload_bytes, uint32_t cells) {
  return kRecordHeaderBytes + ((static_cast<uint64_t>(payload_bytes) + 7) & ~7ull) + cells * 8ull;
}

struct Record {
  uint64_t offset;  // of its header in the arena
  RecordHeader header;
  uint64_t bytes;

  uint64_t Cell(uint32_t index) const { return offset + bytes - (header.cells - index) * 8ull; }
};

// Bytes of data of a ring; 0 if the block cannot hold such a ring, or is none yet.
uint32_t RingCapacity(const Region& region, uint64_t ring);

// The record at `position`: within `limit` bytes, within the ring, and not across its end; else EPROTO.
os::Result<Record> ReadRecord(const Region& region, uint64_t ring, uint32_t position, uint64_t limit);

// Gives up the reference in `cell`, if there is one. The last one to a ring takes along every reference in flight in
// it, published or half attached. Not before: the last move of a dead side may stand in two cells until its slot is
// swept, and the sweep settles that move before it comes to the side's reference to the ring.
void ReleaseReference(const Region& region, uint32_t slot, uint64_t cell);

}  // namespace forkyard
