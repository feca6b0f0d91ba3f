// What putting, taking and sweeping have in common: the two locks of a queue, its rings, and the records in them.
#pragma once

#include "channel/queue_block.h"
#include "memory/in_flight.h"
#include "memory/spans.h"
#include "os/pause.h"

namespace forkyard {

// A member at work is done in less than a microsecond, unless it is not running.
inline constexpr int kLooksAtLock = 200;

inline bool Lock(std::atomic<uint32_t>& word, uint32_t slot) {
  for (int look = 0; look < kLooksAtLock; look++) {
    uint32_t nobody = 0;
    if (word.load(std::memory_order_relaxed) == 0 && word.compare_exchange_strong(nobody, slot + 1)) return true;
    os::Pause();
  }
  return false;
}

// Of words that others look at only after the lock was left, or whose author has died: they come in this order. What ends an
// operation is stored with a full barrier, as whoever waits announces it and looks again.
inline void Set(std::atomic<uint32_t>& word, uint32_t value) { word.store(value, std::memory_order_release); }

struct RingPlace {
  uint64_t offset = 0;  // of its block; 0: there is none
  uint32_t capacity = 0;
};

inline RingPlace RingOf(const Region& region, uint64_t queue, uint32_t number) {
  const uint64_t offset = region.word(RingCellOffset(queue, number)).load();
  if (!IsBlockInUse(region, offset) || region.block(offset).kind != BlockKind::kRing) return {};
  return {offset, RingCapacity(region, offset)};
}

inline bool CanGrow(const QueueBlock& block) {
  return block.written.load() + 1 - block.read.load() < block.max_rings;
}

inline bool IsFull(const QueueBlock& block) {
  return block.max_items != 0 && block.puts.load() - block.gets.load() >= block.max_items;
}

// Whether it is closed and no put is under way that has seen it open: what is empty after this stays so.
inline bool GetsNoMore(const QueueBlock& block) { return block.closed.load() != 0 && block.putter.load() == 0; }

// Where a record may stand: 0 bytes left over at the end of the ring, or a skip record before it.
struct Gap {
  bool fits = false;
  bool broken = false;
  uint32_t skip = 0;
};

inline Gap FindGap(const Region& region, const RingPlace& place, uint64_t bytes) {
  const Ring& ring = region.ring(place.offset);
  const uint32_t tail = ring.tail.load();
  const uint32_t used = tail - ring.head.load();
  if (used > place.capacity || tail % 8 != 0) return {false, true};
  const uint32_t until_end = place.capacity - (tail & (place.capacity - 1));
  const uint32_t skip = until_end < bytes ? until_end : 0;
  return {place.capacity - used >= skip + bytes, false, skip};
}

inline uint8_t* At(const Region& region, const RingPlace& place, uint32_t position) {
  return region.At(place.offset + kRingDataOffset + (position & (place.capacity - 1)));
}

inline void ReleaseCells(const Region& region, uint32_t slot, const Record& record) {
  for (uint32_t index = 0; index < record.header.cells; index++) {
    const uint64_t cell = record.Cell(index);
    if (IsBlockInUse(region, region.word(cell).load())) ReleaseReference(region, slot, cell);
  }
}

}  // namespace forkyard
