// See spsc_ring.h. Positions count bytes for ever and wrap at 2^32; the capacity is a power of two.
#include "channel/spsc_ring.h"

#include <cstring>

namespace forkyard {
namespace {

struct Record {
  uint64_t offset;  // of its header in the arena
  RecordHeader header;
  uint64_t bytes;
};

// Reads the header at `position`, believing nothing: it must lie within `limit` bytes and not across the end.
os::Result<Record> ReadRecord(const Region& region, uint64_t ring_offset, uint32_t position, uint64_t limit) {
  const Ring& ring = region.ring(ring_offset);
  uint32_t capacity = ring.capacity;
  uint64_t place = position & (capacity - 1);
  Record record{ring_offset + kRingDataOffset + place, {}, 0};
  if (limit < kRecordHeaderBytes || place + kRecordHeaderBytes > capacity) return os::Error{EPROTO, "read record"};
  std::memcpy(&record.header, region.At(record.offset), sizeof(RecordHeader));
  record.bytes = record.header.type == kSkipRecord ? capacity - place
                                                   : RecordBytes(record.header.payload_bytes, record.header.cells);
  if (record.bytes > limit || place + record.bytes > capacity) return os::Error{EPROTO, "read record"};
  return record;
}

uint64_t CellOffset(const Record& record, uint32_t index) {
  return record.offset + record.bytes - (record.header.cells - index) * 8ull;
}

// Where a reference in flight stands; it names a block.
os::Result<uint64_t> CellInFlight(const Region& region, const InFlight& reference) {
  const Ring& ring = region.ring(reference.ring);
  uint32_t published = ring.tail.load() - reference.position;
  if (published > ring.tail.load() - ring.head.load()) return os::Error{EPROTO, "read reference"};
  os::Result<Record> record = ReadRecord(region, reference.ring, reference.position, published);
  if (!record) return record.error();
  if (record.value().header.type == kSkipRecord || reference.index >= record.value().header.cells) {
    return os::Error{EPROTO, "read reference"};
  }
  uint64_t cell = CellOffset(record.value(), reference.index);
  if (!region.InData(region.word(cell).load())) return os::Error{EPROTO, "read reference"};
  return cell;
}

void ReleaseCells(const Region& region, uint32_t slot, const Record& record) {
  if (record.header.type == kSkipRecord) return;
  for (uint32_t index = 0; index < record.header.cells; index++) {
    ReleaseReference(region, slot, CellOffset(record, index));
  }
}

// A broken record ends the walk: what lies behind it cannot be told from noise.
void ReleaseInFlight(const Region& region, uint32_t slot, uint64_t ring_offset) {
  Ring& ring = region.ring(ring_offset);
  uint32_t tail = ring.tail.load();
  for (uint32_t position = ring.head.load(); position != tail;) {
    os::Result<Record> record = ReadRecord(region, ring_offset, position, tail - position);
    if (!record) return;
    ReleaseCells(region, slot, record.value());
    position += static_cast<uint32_t>(record.value().bytes);
  }
  if (ring.attaching.load() == 1 && ring.reserved.load() != tail) {
    os::Result<Record> record = ReadRecord(region, ring_offset, tail, ring.capacity);
    if (record) ReleaseCells(region, slot, record.value());
  }
}

}  // namespace

void InitializeRing(const Region& region, uint64_t block, uint32_t capacity) {
  Ring& ring = region.ring(block);
  ring.capacity = capacity;
  ring.closed_by.store(0);
  ring.tail.store(0);
  ring.reserved.store(0);
  ring.attaching.store(0);
  ring.head.store(0);
  ring.mean_task_us.store(0);
  ring.busy_ms.store(0);
  ring.producer_waiting.store(0);
}

os::Result<void> AttachReferences(const Region& region, uint32_t slot, const RecordReferences& references) {
  Ring& ring = region.ring(references.ring);
  uint32_t used = references.position - ring.head.load();
  os::Result<Record> record = ReadRecord(region, references.ring, references.position, ring.capacity - used);
  if (!record) return record.error();
  if (record.value().header.cells != references.count) return os::Error{EPROTO, "attach references"};
  for (uint32_t index = 0; index < references.count; index++) {
    region.word(CellOffset(record.value(), index)).store(0);
  }
  ring.reserved.store(references.position + static_cast<uint32_t>(record.value().bytes));
  ring.attaching.store(1);
  CrashPoint(CrashPointId::kRingRecordReserved);
  for (uint32_t index = 0; index < references.count; index++) {
    MoveReference(region, slot, references.cells[index], CellOffset(record.value(), index));
    CrashPoint(CrashPointId::kRingCellAttached);
  }
  return {};
}

os::Result<void> TakeReference(const Region& region, uint32_t slot, const InFlight& from, uint64_t to) {
  os::Result<uint64_t> cell = CellInFlight(region, from);
  if (!cell) return cell.error();
  MoveReference(region, slot, cell.value(), to);
  CrashPoint(CrashPointId::kRingCellTaken);
  return {};
}

os::Result<uint64_t> PeekReference(const Region& region, const InFlight& reference) {
  os::Result<uint64_t> cell = CellInFlight(region, reference);
  if (!cell) return cell.error();
  return region.word(cell.value()).load();
}

os::Result<void> DropReference(const Region& region, uint32_t slot, const InFlight& reference) {
  os::Result<uint64_t> cell = CellInFlight(region, reference);
  if (!cell) return cell.error();
  ReleaseReference(region, slot, cell.value());
  return {};
}

void CloseRingSide(const Region& region, uint32_t slot, uint64_t ring_offset) {
  Ring& ring = region.ring(ring_offset);
  uint32_t seen = ring.closed_by.load();
  if (RingClosing::StateOf(seen) == RingClosing::kOpen) {
    if (ring.closed_by.compare_exchange_strong(seen, RingClosing::Pack(RingClosing::kOneLeft, slot))) {
      seen = RingClosing::Pack(RingClosing::kOneLeft, slot);
    }
  }
  if (RingClosing::StateOf(seen) == RingClosing::kOneLeft && seen != RingClosing::Pack(RingClosing::kOneLeft, slot)) {
    ring.closed_by.compare_exchange_strong(seen, RingClosing::Pack(RingClosing::kBothLeft, slot));
    seen = ring.closed_by.load();
  }
  // Alone with a ring that the other side never joined, there is nobody to be the last.
  bool alone = CountWord::Unpack(ring.block.word.load()).count == 1;
  bool last = seen == RingClosing::Pack(RingClosing::kBothLeft, slot);
  if (last || (alone && seen == RingClosing::Pack(RingClosing::kOneLeft, slot))) ReleaseInFlight(region, slot, ring_offset);
}

}  // namespace forkyard
