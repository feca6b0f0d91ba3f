// Queues in tests, put and taken as native/binding/bind_queue.cc does it: a ring is added where one is needed, cells are
// offered where an item has references.
#pragma once

#include "accounting.h"
#include "channel/queue.h"
#include "workload.h"

namespace forkyard::test {

// The cell of a new queue.
inline uint64_t CreateQueue(Member& member, const QueueShape& shape) {
  uint64_t cell = member.Allocate(kQueueBytes);
  REQUIRE(cell != 0);
  uint64_t ring = member.CreateRing(shape.first_ring_bytes);
  std::memset(member.region().At(member.Block(cell) + kBlockHeaderBytes), 0, kQueueBytes);
  InitializeQueue(member.region(), member.slot(), member.Block(cell), ring, shape);
  member.ReturnCell(ring);
  return cell;
}

struct Item {
  uint16_t type = 1;
  uint32_t length = 0;
  std::vector<uint64_t> payload;
  uint32_t spare_bytes = 0;     // of payload beyond the words: 0..7
  std::vector<uint64_t> cells;  // handed over if it is put

  uint32_t payload_bytes() const { return static_cast<uint32_t>(payload.size() * 8 + spare_bytes); }
};

inline QueueOutcome PutItem(Member& self, uint64_t queue, const Item& item) {
  std::vector<uint64_t> payload = item.payload;
  payload.push_back(0);  // for the spare bytes
  const OutgoingItem outgoing{item.type, item.length, reinterpret_cast<const uint8_t*>(payload.data()),
                              item.payload_bytes(), item.cells.data(), static_cast<uint32_t>(item.cells.size())};
  for (;;) {
    QueueOutcome outcome = Put(self.region(), self.slot(), queue, outgoing);
    if (outcome == QueueOutcome::kNeedsRing) {
      uint64_t ring = self.CreateRing(NextRingBytes(self.region(), queue));
      const uint64_t bytes = RecordBytes(outgoing.payload_bytes, outgoing.cell_count);
      outcome = AddRing(self.region(), self.slot(), queue, ring, bytes);
      self.ReturnCell(ring);
      if (outcome == QueueOutcome::kDone) continue;
    }
    if (outcome == QueueOutcome::kDone) {
      for (uint64_t cell : item.cells) self.ReturnCell(cell);
    }
    return outcome;
  }
}

struct Taken {
  QueueOutcome outcome = QueueOutcome::kEmpty;
  uint16_t type = 0;
  uint32_t length = 0;
  uint32_t payload_bytes = 0;
  std::vector<uint64_t> payload;
  std::vector<uint64_t> cells;
};

struct Wanted {
  uint32_t types = ~0u;
  uint32_t max_length = ~0u;
  uint32_t payload_room = 16384;
};

inline Taken TakeItem(Member& self, uint64_t queue, Wanted wanted = {}) {
  Taken taken;
  taken.payload.resize(wanted.payload_room / 8 + 1);
  IncomingItem item;
  item.types = wanted.types;
  item.max_length = wanted.max_length;
  item.payload = reinterpret_cast<uint8_t*>(taken.payload.data());
  item.payload_room = wanted.payload_room;
  for (;;) {
    taken.outcome = Take(self.region(), self.slot(), queue, item);
    if (taken.outcome != QueueOutcome::kNeedsCells) break;
    if (item.cell_count > 300) {  // the binding's limit is of this order
      taken.outcome = QueueOutcome::kBroken;
      break;
    }
    while (taken.cells.size() < item.cell_count) taken.cells.push_back(self.TakeCell());
    item.cells = taken.cells.data();
    item.cell_room = static_cast<uint32_t>(taken.cells.size());
  }
  const size_t kept = taken.outcome == QueueOutcome::kDone ? item.cell_count : 0;
  while (taken.cells.size() > kept) {
    self.ReturnCell(taken.cells.back());
    taken.cells.pop_back();
  }
  taken.type = item.type;
  taken.length = item.length;
  taken.payload_bytes = item.payload_bytes;
  if (taken.outcome == QueueOutcome::kDone) taken.payload.resize(item.payload_bytes / 8);
  return taken;
}

// Tries until nobody else is at it.
inline QueueOutcome PutInTurn(Member& self, uint64_t queue, const Item& item) {
  QueueOutcome outcome;
  do {
    outcome = PutItem(self, queue, item);
  } while (outcome == QueueOutcome::kBusy);
  return outcome;
}

// An item of one number, with so many references, each to a block with a canary whose nonce follows in the payload.
inline Item MakeItem(Member& self, uint64_t number, uint32_t references) {
  Item item;
  item.length = static_cast<uint32_t>(number);
  item.payload = {number};
  for (uint32_t index = 0; index < references; index++) {
    uint64_t cell = self.Allocate(100 + number % 400);
    REQUIRE(cell != 0);
    WriteCanary(self.region(), self.Block(cell), number * 8 + index);
    item.cells.push_back(cell);
    item.payload.push_back(number * 8 + index);
  }
  return item;
}

inline void Discard(Member& self, const std::vector<uint64_t>& cells) {
  for (uint64_t cell : cells) self.ReturnCell(cell);
}

// That it is what MakeItem made, and then gives its references up. Its number.
inline uint64_t OpenItem(Member& self, const Taken& taken) {
  CHECK_EQ(taken.outcome, QueueOutcome::kDone);
  if (!CheckEqual(taken.payload.size(), taken.cells.size() + 1, __FILE__, __LINE__, "words of the item")) return ~0ull;
  CHECK_EQ(taken.length, static_cast<uint32_t>(taken.payload[0]));
  for (size_t index = 0; index < taken.cells.size(); index++) {
    CHECK_EQ(taken.payload[index + 1], taken.payload[0] * 8 + index);
    CheckCanary(self.region(), self.Block(taken.cells[index]), taken.payload[index + 1]);
  }
  Discard(self, taken.cells);
  return taken.payload[0];
}

// What all members together have taken, finished or lost.
struct QueueTotals {
  uint32_t got = 0, done = 0, lost = 0;
};

inline QueueTotals TotalsOf(const Region& region, uint64_t queue) {
  QueueTotals totals;
  for (const QueueSlot& slot : QueueAt(region, queue).slots) {
    totals.got += slot.got.load();
    totals.done += slot.done.load();
    totals.lost += slot.lost.load();
  }
  return totals;
}

inline uint32_t RingsOf(const Region& region, uint64_t queue) {
  uint32_t rings = 0;
  for (uint32_t number = 0; number < kQueueRings; number++) rings += region.word(RingCellOffset(queue, number)).load() != 0;
  return rings;
}

}  // namespace forkyard::test
