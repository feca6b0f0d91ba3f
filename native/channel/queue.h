// A queue: any member of a family puts items in, any other takes them out, first in, first out. Each operation is whole
// or has not happened, whoever dies at it. Nobody waits in here: what there is no room for, or nothing of, is an outcome.
// The protocol is queue.md, its proof models/queue.pml; who waits is src/queue/.
#pragma once

#include <cstdint>

#include "channel/queue_block.h"
#include "shared/region.h"

namespace forkyard {

struct QueueShape {
  uint32_t kind = 0;
  uint32_t max_items = 0;
  uint32_t max_rings = kQueueRings;
  uint32_t first_ring_bytes = 64 * 1024;
  bool needs_done = false;
};

// What an operation came to. Of all but kDone, nothing has happened.
enum class QueueOutcome : int32_t {
  kDone,
  kBusy,        // another member is at it, or has died at it
  kFull,
  kEmpty,
  kClosed,
  kNeedsRing,   // to put: add one, and put again
  kNeedsCells,  // to take: so many cells of the ledger as `cell_count` says
  kUnwanted,    // the next item is of another type, or longer than wanted; its `type` and `length` are told
  kBroken,      // another member wrote nonsense
};

// Makes a fresh block of zeros, of kQueueBytes, a queue. Its first ring is moved out of `ring_cell`, a cell of `slot`.
void InitializeQueue(const Region& region, uint32_t slot, uint64_t queue, uint64_t ring_cell, const QueueShape& shape);

// False if a block cannot be a queue: what a peer sent is not believed.
bool IsQueue(const Region& region, uint64_t queue);

struct OutgoingItem {
  uint16_t type;    // of the low byte; the bits above it are the caller's flags
  uint32_t length;  // of what is sent, wherever it is: told to who takes it
  const uint8_t* payload;
  uint32_t payload_bytes;
  const uint64_t* cells;  // of `slot`, handed over
  uint32_t cell_count;
};

QueueOutcome Put(const Region& region, uint32_t slot, uint64_t queue, const OutgoingItem& item);

// Bytes of the ring that is to be added after the present one.
uint32_t NextRingBytes(const Region& region, uint64_t queue);

// Hands over the ring in `ring_cell`, a cell of `slot`, unless an item of so many bytes finds room without it: then the
// cell is left as it is. kDone, kBusy or kFull.
QueueOutcome AddRing(const Region& region, uint32_t slot, uint64_t queue, uint64_t ring_cell, uint64_t record_bytes);

struct IncomingItem {
  // In: what is wanted, and where it goes.
  uint32_t types = ~0u;  // bit n: type n
  uint32_t max_length = ~0u;
  uint8_t* payload = nullptr;
  uint32_t payload_room = 0;
  const uint64_t* cells = nullptr;  // empty ones of `slot`
  uint32_t cell_room = 0;
  // Out.
  uint16_t type = 0;
  uint32_t length = 0;
  uint32_t payload_bytes = 0;
  uint32_t cell_count = 0;
};

QueueOutcome Take(const Region& region, uint32_t slot, uint64_t queue, IncomingItem& item);

// Whether Put of a record of so many bytes, or Take, would come to something now: a look without the lock.
bool HasSpace(const Region& region, uint64_t queue, uint64_t record_bytes);
bool HasItems(const Region& region, uint64_t queue);

// Items in it, at this moment.
uint32_t Size(const Region& region, uint64_t queue);
// Items that were put and neither finished nor lost; none only if there was an instant at which there were none.
uint32_t Unfinished(const Region& region, uint64_t queue);
// Items whose takers died with them in their hands.
uint32_t Lost(const Region& region, uint64_t queue);

// A living member has finished what it took, where that needs not be said of each item.
void FinishItems(const Region& region, uint64_t queue, uint32_t slot);

// One of the items that a living member took is finished. False: it has none in its hands.
bool FinishItem(const Region& region, uint64_t queue, uint32_t slot);

// What a dead slot left in the middle of, and in its hands. Before its references are swept, after its intent was settled.
// Each step may be run again.
void SweepQueueBlock(const Region& region, uint64_t queue, uint32_t slot);

}  // namespace forkyard
