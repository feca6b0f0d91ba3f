// See in_flight.h. Positions count bytes for ever and wrap at 2^32; the capacity is a power of two.
#include "memory/in_flight.h"

#include <bit>
#include <cstddef>
#include <cstring>

#include "memory/references.h"
#include "memory/spans.h"

namespace forkyard {
namespace {

// What the end of a ring may be too short for: of a skip record only these bytes are written.
constexpr uint32_t kSkipHeaderBytes = 8;

void ReleaseCells(const Region& region, uint32_t slot, const Record& record) {
  if (record.header.type == kSkipRecord) return;
  for (uint32_t index = 0; index < record.header.cells; index++) {
    uint64_t cell = record.Cell(index);
    if (IsBlockInUse(region, region.word(cell).load())) ReleaseReference(region, slot, cell);
  }
}

// A broken record ends the walk: what lies behind it cannot be told from noise.
void ReleaseInFlight(const Region& region, uint32_t slot, uint64_t ring_offset) {
  Ring& ring = region.ring(ring_offset);
  uint32_t capacity = RingCapacity(region, ring_offset);
  uint32_t tail = ring.tail.load();
  uint32_t position = ring.head.load();
  if (tail - position > capacity) return;
  while (position != tail) {
    os::Result<Record> record = ReadRecord(region, ring_offset, position, tail - position);
    if (!record) return;
    ReleaseCells(region, slot, record.value());
    position += static_cast<uint32_t>(record.value().bytes);
  }
  if (ring.attaching.load() == 1 && ring.reserved.load() != tail) {
    os::Result<Record> record = ReadRecord(region, ring_offset, tail, capacity);
    if (record) ReleaseCells(region, slot, record.value());
  }
  if (ring.taking.load() == 1) {
    os::Result<Record> record = ReadRecord(region, ring_offset, ring.taken.load(), capacity);
    if (record) ReleaseCells(region, slot, record.value());
  }
}

// Nobody is left to put anything in the queue, or to take it.
void ReleaseRings(const Region& region, uint32_t slot, uint64_t queue) {
  if (sizeof(QueueRings) - kBlockHeaderBytes > region.block(queue).payload_bytes) return;
  for (uint32_t index = 0; index < kQueueRings; index++) {
    const uint64_t cell = queue + offsetof(QueueRings, cells) + index * sizeof(uint64_t);
    if (IsBlockInUse(region, region.word(cell).load())) ReleaseReference(region, slot, cell);
  }
}

}  // namespace

uint32_t RingCapacity(const Region& region, uint64_t ring_offset) {
  const Ring& ring = region.ring(ring_offset);
  uint32_t capacity = ring.capacity;
  bool fits = std::has_single_bit(capacity) && capacity % 8 == 0 &&
              kRingDataOffset - kBlockHeaderBytes + capacity <= ring.block.payload_bytes;
  return fits && IsBlockInUse(region, ring_offset) ? capacity : 0;
}

os::Result<Record> ReadRecord(const Region& region, uint64_t ring, uint32_t position, uint64_t limit) {
  const os::Error broken{EPROTO, "read record"};
  uint32_t capacity = RingCapacity(region, ring);
  if (capacity == 0 || position % 8 != 0 || limit < kSkipHeaderBytes || limit > capacity) return broken;
  uint64_t place = position & (capacity - 1);
  Record record{ring + kRingDataOffset + place, {}, capacity - place};
  std::memcpy(&record.header, region.At(record.offset), kSkipHeaderBytes);
  if (record.header.type != kSkipRecord) {
    if (place + kRecordHeaderBytes > capacity) return broken;
    std::memcpy(&record.header, region.At(record.offset), kRecordHeaderBytes);
    record.bytes = RecordBytes(record.header.payload_bytes, record.header.cells);
  }
  if (record.bytes > limit || place + record.bytes > capacity) return broken;
  return record;
}

void ReleaseReference(const Region& region, uint32_t slot, uint64_t cell) {
  uint64_t block = region.word(cell).load();
  if (!MayBeBlock(region, block)) return;  // empty, or overwritten by a broken peer
  const BlockKind kind = region.block(block).kind;
  if (kind == BlockKind::kRing || kind == BlockKind::kQueue) {
    if (GiveUpReference(region, slot, cell, 2)) return;
    if (kind == BlockKind::kRing) {
      ReleaseInFlight(region, slot, block);
    } else {
      ReleaseRings(region, slot, block);
    }
  }
  GiveUpReference(region, slot, cell, 1);
}

}  // namespace forkyard
