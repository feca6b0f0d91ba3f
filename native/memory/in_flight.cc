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

// Rings in queues in rings: what lies deeper stays until the family ends, rather than that a stack overflows.
constexpr uint32_t kDeepest = 2000;

// A ring or a queue that is being emptied, since the reference that is given up is its last; `outer` holds that one.
struct Emptied {
  uint64_t block;
  uint32_t depth;
  const Emptied* outer;
};

struct Walk {
  const Region& region;
  uint32_t slot;
  const Emptied* outer;
};

void Release(const Walk& walk, uint64_t cell);

void ReleaseIfBlock(const Walk& walk, uint64_t cell) {
  if (IsBlockInUse(walk.region, walk.region.word(cell).load())) Release(walk, cell);
}

void ReleaseCells(const Walk& walk, const Record& record) {
  if (record.header.type == kSkipRecord) return;
  for (uint32_t index = 0; index < record.header.cells; index++) ReleaseIfBlock(walk, record.Cell(index));
}

// A broken record ends the walk: what lies behind it cannot be told from noise.
void ReleaseInFlight(const Walk& walk, uint64_t ring_offset) {
  const Region& region = walk.region;
  Ring& ring = region.ring(ring_offset);
  uint32_t capacity = RingCapacity(region, ring_offset);
  uint32_t tail = ring.tail.load();
  uint32_t position = ring.head.load();
  if (tail - position > capacity) return;
  while (position != tail) {
    os::Result<Record> record = ReadRecord(region, ring_offset, position, tail - position);
    if (!record) return;
    ReleaseCells(walk, record.value());
    position += static_cast<uint32_t>(record.value().bytes);
  }
  if (ring.attaching.load() == 1 && ring.reserved.load() != tail) {
    os::Result<Record> record = ReadRecord(region, ring_offset, tail, capacity);
    if (record) ReleaseCells(walk, record.value());
  }
  if (ring.taking.load() == 1) {
    os::Result<Record> record = ReadRecord(region, ring_offset, ring.taken.load(), capacity);
    if (record) ReleaseCells(walk, record.value());
  }
}

// Nobody is left to put anything in the queue, or to take it.
void ReleaseRings(const Walk& walk, uint64_t queue) {
  if (sizeof(QueueRings) - kBlockHeaderBytes > walk.region.block(queue).payload_bytes) return;
  for (uint32_t index = 0; index < kQueueRings; index++) {
    ReleaseIfBlock(walk, queue + offsetof(QueueRings, cells) + index * sizeof(uint64_t));
  }
}

// The last reference to something stands in itself only where a broken peer wrote it.
bool IsInItself(const Walk& walk, uint64_t block) {
  for (const Emptied* outer = walk.outer; outer != nullptr; outer = outer->outer) {
    if (outer->block == block) return true;
  }
  return false;
}

void Release(const Walk& walk, uint64_t cell) {
  const Region& region = walk.region;
  const uint64_t block = region.word(cell).load();
  if (!MayBeBlock(region, block)) return;  // empty, or overwritten by a broken peer
  const BlockKind kind = region.block(block).kind;
  if (kind == BlockKind::kRing || kind == BlockKind::kQueue) {
    if (GiveUpReference(region, walk.slot, {cell, block}, 2)) return;
    if (IsInItself(walk, block)) return;
    const Emptied emptied{block, walk.outer == nullptr ? 1 : walk.outer->depth + 1, walk.outer};
    const Walk inner{region, walk.slot, &emptied};
    if (emptied.depth <= kDeepest) kind == BlockKind::kRing ? ReleaseInFlight(inner, block) : ReleaseRings(inner, block);
  }
  GiveUpReference(region, walk.slot, {cell, block}, 1);
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

void ReleaseReference(const Region& region, uint32_t slot, uint64_t cell) { Release({region, slot, nullptr}, cell); }

}  // namespace forkyard
