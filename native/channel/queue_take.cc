// Taking items out of a queue: see queue.h. The letters are those of queue.md.
#include <cstring>

#include "channel/queue.h"
#include "channel/queue_ring.h"
#include "memory/references.h"
#include "shared/crash_point.h"

namespace forkyard {
namespace {

// G2: goes on to the next ring while the present one is drained for good. False: there is no item, or no sense.
bool FindItem(const Region& region, uint32_t slot, uint64_t queue, RingPlace& place, bool& broken) {
  QueueBlock& block = QueueAt(region, queue);
  for (;;) {
    // In this order: what `written` had left behind then gets no more items.
    const uint32_t written = block.written.load();
    const uint32_t read = block.read.load();
    broken = written - read >= kQueueRings;
    if (broken) return false;
    const uint64_t cell = RingCellOffset(queue, read);
    const bool is_dropped = region.word(cell).load() == 0 && read != written;
    if (!is_dropped) {
      place = RingOf(region, queue, read);
      broken = place.capacity == 0;
      if (broken) return false;
      const Ring& ring = region.ring(place.offset);
      const uint32_t head = ring.head.load();
      const uint32_t used = ring.tail.load() - head;
      broken = used > place.capacity || head % 8 != 0;
      if (broken) return false;
      if (used > 0) return true;
      if (read == written) return false;
      ReleaseReference(region, slot, cell);
      CrashPoint(CrashPointId::kQueueRingDropped);
    }
    block.read.store(read + 1);
    CrashPoint(CrashPointId::kQueueRingPassed);
  }
}

// Takes no reference away from the record: one more of each. False: none of them.
bool AcquireCells(const Region& region, uint32_t slot, const Record& record, const uint64_t* cells) {
  for (uint32_t index = 0; index < record.header.cells; index++) {
    if (AcquireReference(region, slot, region.word(record.Cell(index)).load(), cells[index])) continue;
    while (index > 0) ReleaseReference(region, slot, cells[--index]);
    return false;
  }
  return true;
}

// G5 to G11.
void Commit(const Region& region, uint32_t slot, QueueBlock& block, const RingPlace& place, const Record& record) {
  Ring& ring = region.ring(place.offset);
  const uint32_t position = ring.head.load();
  const uint32_t gets = block.gets.load();
  std::atomic<uint32_t>& got = block.Of(slot).got;
  const uint32_t got_before = got.load();
  Set(block.get_log.gets, gets);
  Set(block.get_log.position, position);
  Set(block.get_log.got, got_before);
  Set(block.get_log.count, 1);
  CrashPoint(CrashPointId::kQueueGetLogged);
  Set(got, got_before + 1);
  CrashPoint(CrashPointId::kQueueGetHeld);
  const uint32_t end = position + static_cast<uint32_t>(record.bytes);
  Set(ring.begun, end);
  CrashPoint(CrashPointId::kQueueGetCommitted);
  ReleaseCells(region, slot, record);
  CrashPoint(CrashPointId::kQueueGetReleased);
  Set(ring.head, end);
  CrashPoint(CrashPointId::kQueueGetFreed);
  Set(block.gets, gets + 1);
  CrashPoint(CrashPointId::kQueueGetCounted);
  Set(block.get_log.count, 0);
}

QueueOutcome TakeFrom(const Region& region, uint32_t slot, uint64_t queue, const RingPlace& place, IncomingItem& item) {
  QueueBlock& block = QueueAt(region, queue);
  Ring& ring = region.ring(place.offset);
  const uint32_t head = ring.head.load();
  os::Result<Record> found = ReadRecord(region, place.offset, head, ring.tail.load() - head);
  if (!found) return QueueOutcome::kBroken;
  const Record& record = found.value();
  item.type = record.header.type;
  item.length = record.header.id;
  item.payload_bytes = record.header.payload_bytes;
  item.cell_count = record.header.cells;
  const uint32_t type = item.type & 0xff;
  if (type > 31 || item.payload_bytes > item.payload_room) return QueueOutcome::kBroken;
  if ((item.types & (1u << type)) == 0 || item.length > item.max_length) return QueueOutcome::kUnwanted;
  if (item.cell_count > item.cell_room) return QueueOutcome::kNeedsCells;
  std::memcpy(item.payload, region.At(record.offset + kRecordHeaderBytes), item.payload_bytes);
  if (!AcquireCells(region, slot, record, item.cells)) return QueueOutcome::kBroken;
  Commit(region, slot, block, place, record);
  return QueueOutcome::kDone;
}

QueueOutcome TakeLocked(const Region& region, uint32_t slot, uint64_t queue, IncomingItem& item) {
  // Before the look for an item, which may be the last.
  const bool gets_no_more = GetsNoMore(QueueAt(region, queue));
  RingPlace place;
  bool broken = false;
  while (FindItem(region, slot, queue, place, broken)) {
    Ring& ring = region.ring(place.offset);
    const uint32_t head = ring.head.load();
    const uint32_t until_end = place.capacity - (head & (place.capacity - 1));
    RecordHeader header;
    std::memcpy(&header, At(region, place, head), 8);
    if (header.type != kSkipRecord) return TakeFrom(region, slot, queue, place, item);
    if (ring.tail.load() - head < until_end) return QueueOutcome::kBroken;
    ring.begun.store(head + until_end);
    CrashPoint(CrashPointId::kQueueGetSkipped);
    ring.head.store(head + until_end);
  }
  if (broken) return QueueOutcome::kBroken;
  return gets_no_more ? QueueOutcome::kClosed : QueueOutcome::kEmpty;
}

}  // namespace

QueueOutcome Take(const Region& region, uint32_t slot, uint64_t queue, IncomingItem& item) {
  QueueBlock& block = QueueAt(region, queue);
  for (;;) {
    if (!Lock(block.getter, slot)) return QueueOutcome::kBusy;
    CrashPoint(CrashPointId::kQueueGetLocked);
    const QueueOutcome outcome = TakeLocked(region, slot, queue, item);
    block.getter.store(0);
    CrashPoint(CrashPointId::kQueueGetUnlocked);
    // Whoever came meanwhile was told that somebody is at it: that one must see what there is now.
    if (outcome == QueueOutcome::kEmpty && HasItems(region, queue)) continue;
    // Closed, and yet not over: somebody is putting.
    return outcome == QueueOutcome::kEmpty && block.closed.load() != 0 ? QueueOutcome::kBusy : outcome;
  }
}

bool HasItems(const Region& region, uint64_t queue) {
  const QueueBlock& block = QueueAt(region, queue);
  if (block.getter.load() != 0) return false;
  const uint32_t read = block.read.load();
  if (read != block.written.load()) return true;
  // Not by the counts: `puts` is ahead of what can be taken while somebody puts, who may be stopped.
  const RingPlace place = RingOf(region, queue, read);
  if (place.capacity == 0) return true;
  const Ring& ring = region.ring(place.offset);
  const uint32_t tail = ring.tail.load();
  return ring.head.load() != tail || GetsNoMore(block);
}

}  // namespace forkyard
