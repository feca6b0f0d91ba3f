// Putting items into a queue: see queue.h. The letters are those of queue.md.
#include <cstring>

#include "channel/queue.h"
#include "channel/queue_ring.h"
#include "channel/spsc_ring.h"
#include "memory/references.h"
#include "shared/crash_point.h"

namespace forkyard {
namespace {

// Rings double so often, unless the first was long already. Its length is what another member wrote.
constexpr uint32_t kDoublings = 8;
constexpr uint64_t kMostRingBytes = 16ull << 20;

void Skip(const Region& region, const RingPlace& place, uint32_t bytes) {
  Ring& ring = region.ring(place.offset);
  const RecordHeader header{0, kSkipRecord, 0, 0, 0};
  // Only the first half of the header fits where 8 bytes are left.
  std::memcpy(At(region, place, ring.tail.load()), &header, 8);
  Set(ring.tail, ring.tail.load() + bytes);
  CrashPoint(CrashPointId::kQueuePutSkipped);
}

// P5 to P11.
QueueOutcome Write(const Region& region, uint32_t slot, QueueBlock& block, const RingPlace& place,
                   const OutgoingItem& item) {
  Ring& ring = region.ring(place.offset);
  const uint32_t tail = ring.tail.load();
  const uint32_t puts = block.puts.load();
  Set(block.put_log.puts, puts);
  Set(block.put_log.tail, tail);
  Set(block.put_log.count, 1);
  CrashPoint(CrashPointId::kQueuePutLogged);
  const RecordHeader header{item.payload_bytes, item.type, static_cast<uint16_t>(item.cell_count), item.length, 0};
  uint8_t* record = At(region, place, tail);
  std::memcpy(record, &header, sizeof(header));
  if (item.payload_bytes > 0) std::memcpy(record + sizeof(header), item.payload, item.payload_bytes);
  if (item.cell_count > 0) {
    const RecordReferences references{place.offset, tail, item.cells, item.cell_count};
    if (!AttachReferences(region, slot, references)) {
      Set(block.put_log.count, 0);
      return QueueOutcome::kBroken;
    }
  }
  CrashPoint(CrashPointId::kQueuePutWritten);
  // Counted before anybody can take it: else who takes it, and finishes it, would be ahead of what was ever put.
  Set(block.puts, puts + 1);
  CrashPoint(CrashPointId::kQueuePutCounted);
  Set(ring.tail, tail + static_cast<uint32_t>(RecordBytes(item.payload_bytes, item.cell_count)));
  CrashPoint(CrashPointId::kQueuePutPublished);
  if (item.cell_count > 0) Set(ring.attaching, 0);
  Set(block.put_log.count, 0);
  return QueueOutcome::kDone;
}

QueueOutcome PutLocked(const Region& region, uint32_t slot, uint64_t queue, const OutgoingItem& item) {
  QueueBlock& block = QueueAt(region, queue);
  if (block.closed.load() != 0) return QueueOutcome::kClosed;
  if (IsFull(block)) return QueueOutcome::kFull;
  const RingPlace place = RingOf(region, queue, block.written.load());
  const uint64_t bytes = RecordBytes(item.payload_bytes, item.cell_count);
  if (bytes > place.capacity / 2) return QueueOutcome::kBroken;
  const Gap gap = FindGap(region, place, bytes);
  if (gap.broken) return QueueOutcome::kBroken;
  if (!gap.fits) return CanGrow(block) ? QueueOutcome::kNeedsRing : QueueOutcome::kFull;
  if (gap.skip > 0) Skip(region, place, gap.skip);
  return Write(region, slot, block, place, item);
}

}  // namespace

QueueOutcome Put(const Region& region, uint32_t slot, uint64_t queue, const OutgoingItem& item) {
  QueueBlock& block = QueueAt(region, queue);
  const uint64_t bytes = RecordBytes(item.payload_bytes, item.cell_count);
  for (;;) {
    if (!Lock(block.putter, slot)) return QueueOutcome::kBusy;
    CrashPoint(CrashPointId::kQueuePutLocked);
    const QueueOutcome outcome = PutLocked(region, slot, queue, item);
    block.putter.store(0);
    CrashPoint(CrashPointId::kQueuePutUnlocked);
    // Whoever made room or came for it meanwhile was told that somebody is at it: that one must see what there is now.
    if (outcome != QueueOutcome::kFull || !HasSpace(region, queue, bytes)) return outcome;
  }
}

uint32_t NextRingBytes(const Region& region, uint64_t queue) {
  const QueueBlock& block = QueueAt(region, queue);
  const uint32_t doublings = block.written.load() + 1;
  const uint64_t bytes = uint64_t{block.first_ring_bytes} << (doublings < kDoublings ? doublings : kDoublings);
  return static_cast<uint32_t>(bytes < kMostRingBytes ? bytes : kMostRingBytes);
}

QueueOutcome AddRing(const Region& region, uint32_t slot, uint64_t queue, uint64_t ring_cell, uint64_t record_bytes) {
  QueueBlock& block = QueueAt(region, queue);
  if (!Lock(block.putter, slot)) return QueueOutcome::kBusy;
  QueueOutcome outcome = QueueOutcome::kDone;
  const RingPlace place = RingOf(region, queue, block.written.load());
  if (place.capacity != 0 && !FindGap(region, place, record_bytes).fits) {
    if (CanGrow(block)) {
      const uint32_t next = block.written.load() + 1;
      const uint64_t cell = RingCellOffset(queue, next);
      // What one left that died before it was counted.
      if (region.word(cell).load() != 0) ReleaseReference(region, slot, cell);
      MoveReference(region, slot, ring_cell, cell);
      CrashPoint(CrashPointId::kQueueRingAdded);
      block.written.store(next);
      CrashPoint(CrashPointId::kQueueRingWritten);
    } else {
      outcome = QueueOutcome::kFull;
    }
  }
  block.putter.store(0);
  return outcome;
}

bool HasSpace(const Region& region, uint64_t queue, uint64_t record_bytes) {
  const QueueBlock& block = QueueAt(region, queue);
  if (block.putter.load() != 0) return false;
  if (block.closed.load() != 0) return true;
  if (IsFull(block)) return false;
  if (CanGrow(block)) return true;
  const RingPlace place = RingOf(region, queue, block.written.load());
  if (place.capacity == 0) return true;
  const Gap gap = FindGap(region, place, record_bytes);
  return gap.fits || gap.broken;
}

}  // namespace forkyard
