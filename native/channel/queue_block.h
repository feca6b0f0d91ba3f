// What lies where in a queue. What is done with it is queue.h; the protocol is queue.md, its proof models/queue.pml.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shared/region.h"
#include "sync/sync_block.h"

namespace forkyard {

// What can be waited for at a queue; each is a block to wait at within the queue's.
enum class QueueRoom : uint32_t { kItems, kSpace, kAllDone };
inline constexpr uint32_t kQueueRooms = 3;

struct alignas(kCacheLine) QueueRoomPlace {
  SyncBlock sync;
};

// Of one member; they count on through the generations of the slot, and wrap. Only the member writes them, or who sweeps it.
struct QueueSlot {
  std::atomic<uint32_t> got;   // items that it has taken
  std::atomic<uint32_t> done;  // of these it has finished so many; what is between was in its hands when it died
  std::atomic<uint32_t> lost;
  std::atomic<uint32_t> ends;  // of a pipe: which of its ends the member has; a hint of whom to look after
};

struct QueueBlock {
  QueueRings rings;
  // Written before anybody else knows the queue.
  uint32_t kind;  // which class it is of: JavaScript's business
  uint32_t max_items;  // 0: as many as there is memory for
  uint32_t max_rings;
  uint32_t first_ring_bytes;  // each of the next few is twice as long
  uint32_t needs_done;  // whether items are finished one by one; else by whoever takes the next, or takes no more
  // These two are written rarely, and read with each item.
  std::atomic<uint32_t> closed;
  std::atomic<uint32_t> written;  // number of the ring that is written; under `putter`
  // Under `putter`, which is 0 or 1 + the slot that puts.
  alignas(kCacheLine) std::atomic<uint32_t> putter;
  std::atomic<uint32_t> puts;
  struct {
    std::atomic<uint32_t> count;  // items that are being put; 0: the rest is void
    std::atomic<uint32_t> puts;
    std::atomic<uint32_t> tail;
  } put_log;
  // Under `getter`.
  alignas(kCacheLine) std::atomic<uint32_t> getter;
  std::atomic<uint32_t> gets;
  std::atomic<uint32_t> read;  // number of the ring that is read
  struct {
    std::atomic<uint32_t> count;  // items that are being taken; 0: the rest is void
    std::atomic<uint32_t> gets;
    std::atomic<uint32_t> position;
    std::atomic<uint32_t> got;
  } get_log;
  QueueRoomPlace rooms[kQueueRooms];
  QueueSlot slots[kMaxSlots];

  // Neighbours are not on one cache line: each writes its own with each item.
  QueueSlot& Of(uint32_t slot) { return slots[PlaceOf(slot)]; }
  const QueueSlot& Of(uint32_t slot) const { return slots[PlaceOf(slot)]; }

  static constexpr uint32_t PlaceOf(uint32_t slot) {
    constexpr uint32_t kPerLine = kCacheLine / sizeof(QueueSlot);
    constexpr uint32_t kLines = kMaxSlots / kPerLine;
    return slot % kLines * kPerLine + slot / kLines;
  }
};
static_assert(offsetof(QueueBlock, rings) == 0);
static_assert(sizeof(QueueBlock) % kCacheLine == 0);

inline constexpr uint64_t kQueueBytes = sizeof(QueueBlock) - kBlockHeaderBytes;

inline QueueBlock& QueueAt(const Region& region, uint64_t queue) {
  return *reinterpret_cast<QueueBlock*>(region.At(queue));
}

inline uint64_t RoomOffset(uint64_t queue, uint32_t room) {
  return queue + offsetof(QueueBlock, rooms) + room * sizeof(QueueRoomPlace);
}

// Of the cell that refers to the n-th ring.
inline uint64_t RingCellOffset(uint64_t queue, uint32_t number) {
  return queue + offsetof(QueueRings, cells) + (number % kQueueRings) * sizeof(uint64_t);
}

}  // namespace forkyard
