// See spsc_ring.h.
#include "channel/spsc_ring.h"

#include "memory/references.h"
#include "memory/spans.h"

namespace forkyard {
namespace {

// Where a reference in flight stands; it names a block.
os::Result<uint64_t> CellInFlight(const Region& region, const InFlight& reference) {
  const Ring& ring = region.ring(reference.ring);
  uint32_t tail = ring.tail.load();
  uint32_t published = tail - reference.position;
  uint32_t readable = reference.taken_back ? ring.capacity : tail - ring.head.load();
  if (published > readable) return os::Error{EPROTO, "read reference"};
  os::Result<Record> record = ReadRecord(region, reference.ring, reference.position, published);
  if (!record) return record.error();
  if (record.value().header.type == kSkipRecord || reference.index >= record.value().header.cells) {
    return os::Error{EPROTO, "read reference"};
  }
  uint64_t cell = record.value().Cell(reference.index);
  if (!IsBlockInUse(region, region.word(cell).load())) return os::Error{EPROTO, "read reference"};
  return cell;
}

}  // namespace

void InitializeRing(const Region& region, uint64_t block, uint32_t capacity) {
  Ring& ring = region.ring(block);
  ring.tail.store(0);
  ring.reserved.store(0);
  ring.attaching.store(0);
  ring.taken.store(0);
  ring.taking.store(0);
  ring.head.store(0);
  ring.begun.store(0);
  ring.mean_task_us.store(0);
  ring.busy_ms.store(0);
  ring.running_task.store(0);
  ring.running_item.store(0);
  ring.items_begun.store(0);
  ring.producer_waiting.store(0);
  // From here on it is a ring, even if its author dies now.
  std::atomic_signal_fence(std::memory_order_release);
  ring.capacity = capacity;
}

os::Result<void> AttachReferences(const Region& region, uint32_t slot, const RecordReferences& references) {
  Ring& ring = region.ring(references.ring);
  uint32_t used = references.position - ring.head.load();
  if (used > ring.capacity) return os::Error{EPROTO, "attach references"};
  os::Result<Record> record = ReadRecord(region, references.ring, references.position, ring.capacity - used);
  if (!record) return record.error();
  const RecordHeader& header = record.value().header;
  bool announced = header.type != kSkipRecord && header.cells == references.count;
  if (!announced || references.position != ring.tail.load()) return os::Error{EPROTO, "attach references"};
  for (uint32_t index = 0; index < references.count; index++) {
    region.word(record.value().Cell(index)).store(0);
  }
  ring.reserved.store(references.position + static_cast<uint32_t>(record.value().bytes));
  ring.attaching.store(1);
  CrashPoint(CrashPointId::kRingRecordReserved);
  for (uint32_t index = 0; index < references.count; index++) {
    MoveReference(region, slot, references.cells[index], record.value().Cell(index));
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

}  // namespace forkyard
