// See queue.h: making a queue, what it adds up to, and what the dead leave of it.
#include "channel/queue.h"

#include "channel/queue_ring.h"
#include "memory/references.h"
#include "shared/crash_point.h"

namespace forkyard {
namespace {

void SettlePut(const Region& region, uint64_t queue, uint32_t slot) {
  QueueBlock& block = QueueAt(region, queue);
  if (block.putter.load() != slot + 1) return;
  const RingPlace place = RingOf(region, queue, block.written.load());
  if (block.put_log.count.load() != 0 && place.capacity != 0) {
    Ring& ring = region.ring(place.offset);
    const uint32_t tail = ring.tail.load();
    const bool is_published = tail != block.put_log.tail.load();
    if (!is_published && ring.attaching.load() == 1) {
      os::Result<Record> record = ReadRecord(region, place.offset, tail, place.capacity);
      if (record && record.value().header.type != kSkipRecord) ReleaseCells(region, slot, record.value());
    }
    ring.attaching.store(0);
    block.puts.store(block.put_log.puts.load() + (is_published ? 1 : 0));
  }
  block.put_log.count.store(0);
  CrashPoint(CrashPointId::kReaperPutSettled);
  block.putter.store(0);
}

void SettleGet(const Region& region, uint64_t queue, uint32_t slot) {
  QueueBlock& block = QueueAt(region, queue);
  if (block.getter.load() != slot + 1) return;
  const RingPlace place = RingOf(region, queue, block.read.load());
  if (place.capacity != 0) {
    Ring& ring = region.ring(place.offset);
    const uint32_t head = ring.head.load();
    const uint32_t begun = ring.begun.load();
    if (block.get_log.count.load() != 0) {
      if (begun == block.get_log.position.load()) {
        block.Of(slot).got.store(block.get_log.got.load());
      } else {
        os::Result<Record> record = ReadRecord(region, place.offset, head, begun - head);
        if (head != begun && record && record.value().header.type != kSkipRecord) {
          ReleaseCells(region, slot, record.value());
        }
        ring.head.store(begun);
        block.gets.store(block.get_log.gets.load() + 1);
      }
    } else {
      ring.head.store(begun);
    }
  }
  block.get_log.count.store(0);
  CrashPoint(CrashPointId::kReaperGetSettled);
  block.getter.store(0);
}

}  // namespace

void InitializeQueue(const Region& region, uint32_t slot, uint64_t queue, uint64_t ring_cell, const QueueShape& shape) {
  QueueBlock& block = QueueAt(region, queue);
  block.kind = shape.kind;
  block.max_items = shape.max_items;
  block.max_rings = shape.max_rings;
  block.first_ring_bytes = shape.first_ring_bytes;
  block.needs_done = shape.needs_done ? 1 : 0;
  for (uint32_t room = 0; room < kQueueRooms; room++) {
    SyncBlock& sync = block.rooms[room].sync;
    sync.block.payload_bytes = SyncBlockBytes(0, SlotWords::kNone);
    sync.block.kind = BlockKind::kSync;
  }
  // From here on what it refers to is released with it, even if its author dies now.
  std::atomic_signal_fence(std::memory_order_release);
  block.rings.block.kind = BlockKind::kQueue;
  MoveReference(region, slot, ring_cell, RingCellOffset(queue, 0));
}

bool IsQueue(const Region& region, uint64_t queue) {
  return IsBlockInUse(region, queue) && region.block(queue).kind == BlockKind::kQueue &&
         region.block(queue).payload_bytes >= kQueueBytes;
}

uint32_t Size(const Region& region, uint64_t queue) {
  const QueueBlock& block = QueueAt(region, queue);
  // In this order, so that it is not less than nothing.
  const uint32_t gets = block.gets.load();
  return block.puts.load() - gets;
}

uint32_t Unfinished(const Region& region, uint64_t queue) {
  const QueueBlock& block = QueueAt(region, queue);
  uint32_t settled = 0;
  for (uint32_t slot = 0; slot < region.SlotsUsed(); slot++) {
    settled += block.Of(slot).done.load() + block.Of(slot).lost.load();
  }
  // Read last, of all that was put what was settled before is never more than there is; and none is told only where there are none
  // now.
  return block.puts.load() - settled;
}

uint32_t Lost(const Region& region, uint64_t queue) {
  uint32_t lost = 0;
  for (uint32_t slot = 0; slot < region.SlotsUsed(); slot++) lost += QueueAt(region, queue).Of(slot).lost.load();
  return lost;
}

void FinishItems(const Region& region, uint64_t queue, uint32_t slot) {
  QueueBlock& block = QueueAt(region, queue);
  QueueSlot& own = block.Of(slot);
  if (block.needs_done == 0) own.done.store(own.got.load() - own.lost.load());
}

bool FinishItem(const Region& region, uint64_t queue, uint32_t slot) {
  QueueSlot& own = QueueAt(region, queue).Of(slot);
  const uint32_t done = own.done.load();
  if (own.got.load() - done - own.lost.load() == 0) return false;
  own.done.store(done + 1);
  return true;
}

void SweepQueueBlock(const Region& region, uint64_t queue, uint32_t slot) {
  if (!IsQueue(region, queue)) return;
  SettlePut(region, queue, slot);
  SettleGet(region, queue, slot);
  QueueSlot& own = QueueAt(region, queue).Of(slot);
  own.lost.store(own.got.load() - own.done.load());
  CrashPoint(CrashPointId::kReaperItemsLost);
  own.ends.store(0);
}

}  // namespace forkyard
