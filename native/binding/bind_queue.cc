// See bind_queue.h. An outcome is a QueueOutcome, or a negative AllocationFailure; what waits is src/queue/.
#include "binding/bind_queue.h"

#include <cstring>

#include "binding/arguments.h"
#include "binding/environment.h"
#include "channel/queue.h"
#include "channel/spsc_ring.h"
#include "memory/spans.h"

namespace forkyard {
namespace {

double FailureNumber(AllocationFailure failure) { return -static_cast<double>(failure); }

Napi::Value OutcomeValue(Napi::Env env, QueueOutcome outcome) {
  return Napi::Number::New(env, static_cast<double>(outcome));
}

uint64_t QueueArgument(const Napi::CallbackInfo& info, Environment& self) {
  const uint64_t queue = OffsetArgument(info, 0);
  if (!IsQueue(self.region(), queue)) throw Napi::TypeError::New(info.Env(), "not a queue of the arena");
  return queue;
}

Environment::Allocation AllocateRing(Environment& self, uint32_t capacity) {
  Environment::Allocation ring = self.Allocate(kRingDataOffset - kBlockHeaderBytes + capacity, BlockKind::kRing);
  if (ring.failure == AllocationFailure::kNone) InitializeRing(self.region(), ring.block, capacity);
  return ring;
}

// createQueue(kind, maxItems, maxRings, firstRingBytes, needsDone): cell, or a negative failure.
Napi::Value CreateQueue(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  QueueShape shape;
  shape.kind = Uint32Argument(info, 0);
  shape.max_items = Uint32Argument(info, 1);
  shape.max_rings = static_cast<uint32_t>(IntegerArgument(info, 2, 1, kQueueRings));
  shape.first_ring_bytes = Uint32Argument(info, 3);
  shape.needs_done = info[4].ToBoolean();
  const Environment::Allocation made = self.Allocate(kQueueBytes, BlockKind::kSlab);
  if (made.failure != AllocationFailure::kNone) return Napi::Number::New(info.Env(), FailureNumber(made.failure));
  const Environment::Allocation ring = AllocateRing(self, shape.first_ring_bytes);
  if (ring.failure != AllocationFailure::kNone) {
    self.ReturnCell(made.cell);
    return Napi::Number::New(info.Env(), FailureNumber(ring.failure));
  }
  std::memset(self.region().At(made.block + kBlockHeaderBytes), 0, kQueueBytes);
  InitializeQueue(self.region(), self.slot().index, made.block, self.CellOffset(ring.cell), shape);
  self.ReturnCell(ring.cell);
  return Napi::Number::New(info.Env(), made.cell);
}

// The outcome of adding a ring: then the item is to be put again, or there is no ring to be had.
double Grow(Environment& self, uint64_t queue, uint64_t record_bytes) {
  const Environment::Allocation ring = AllocateRing(self, NextRingBytes(self.region(), queue));
  if (ring.failure != AllocationFailure::kNone) return FailureNumber(ring.failure);
  const QueueOutcome outcome =
      AddRing(self.region(), self.slot().index, queue, self.CellOffset(ring.cell), record_bytes);
  self.ReturnCell(ring.cell);
  return static_cast<double>(outcome);
}

// queueExchange(): the memory of queue_exchange.h.
Napi::Value ExchangeBuffer(const Napi::CallbackInfo& info) {
  return Environment::Opened(info.Env()).queue_exchange_buffer();
}

// queuePut(queue): the outcome, of the item in the exchange. Its cells are handed over if it is kDone.
Napi::Value QueuePut(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Environment& self = Environment::Opened(env);
  const uint64_t queue = QueueArgument(info, self);
  const ItemArea& area = self.queue_exchange().put;
  if (area.payload_bytes > kItemPayloadBytes || area.cell_count > kMostItemCells) {
    throw Napi::RangeError::New(env, "more than an item can have");
  }
  uint64_t offsets[kMostItemCells];
  for (uint32_t i = 0; i < area.cell_count; i++) offsets[i] = self.CellOffset(area.cells[i] % kLedgerCells);
  const OutgoingItem item{static_cast<uint16_t>(area.type), area.length,  area.payload,
                          area.payload_bytes,               offsets,      area.cell_count};
  for (;;) {
    const QueueOutcome outcome = Put(self.region(), self.slot().index, queue, item);
    if (outcome == QueueOutcome::kNeedsRing) {
      const double grown = Grow(self, queue, RecordBytes(item.payload_bytes, item.cell_count));
      // Full: others added one meanwhile, which may have room.
      if (grown != 0 && grown != static_cast<double>(QueueOutcome::kFull)) return Napi::Number::New(env, grown);
      continue;
    }
    if (outcome == QueueOutcome::kDone) {
      for (uint32_t i = 0; i < area.cell_count; i++) self.ReturnCell(area.cells[i]);
    }
    return OutcomeValue(env, outcome);
  }
}

// Cells for the references of the next item; those that were not used go back.
class OfferedCells {
 public:
  explicit OfferedCells(Environment& self) : self_(self) {}
  ~OfferedCells() {
    for (uint32_t i = 0; i < count_; i++) self_.ReturnCell(numbers_[i]);
  }

  bool Offer(uint32_t count, IncomingItem& item) {
    for (; count_ < count && count_ < kMostItemCells; count_++) {
      std::optional<uint32_t> cell = self_.TakeCell();
      if (!cell) return false;
      numbers_[count_] = *cell;
      offsets_[count_] = self_.CellOffset(*cell);
    }
    item.cells = offsets_;
    item.cell_room = count_;
    return count_ >= count;
  }

  // The first of them are the caller's from now on.
  void Keep(uint32_t count, uint32_t* numbers) {
    std::memcpy(numbers, numbers_, count * sizeof(uint32_t));
    std::memmove(numbers_, numbers_ + count, (count_ - count) * sizeof(uint32_t));
    count_ -= count;
  }

 private:
  Environment& self_;
  uint32_t numbers_[kMostItemCells];
  uint64_t offsets_[kMostItemCells];
  uint32_t count_ = 0;
};

// queueTake(queue): the outcome; the exchange says of what, and what is wanted.
Napi::Value QueueTake(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Environment& self = Environment::Opened(env);
  const uint64_t queue = QueueArgument(info, self);
  ItemArea& area = self.queue_exchange().taken;
  IncomingItem item;
  item.types = area.type;
  item.max_length = area.length;
  item.payload = area.payload;
  item.payload_room = kItemPayloadBytes;
  OfferedCells offered(self);
  for (;;) {
    const QueueOutcome outcome = Take(self.region(), self.slot().index, queue, item);
    if (outcome == QueueOutcome::kNeedsCells) {
      if (item.cell_count > kMostItemCells) return OutcomeValue(env, QueueOutcome::kBroken);
      if (offered.Offer(item.cell_count, item)) continue;
      return Napi::Number::New(env, FailureNumber(AllocationFailure::kLedgerFull));
    }
    area.type = item.type;
    area.length = item.length;
    area.payload_bytes = item.payload_bytes;
    area.cell_count = item.cell_count;
    if (outcome == QueueOutcome::kDone) offered.Keep(item.cell_count, area.cells);
    return OutcomeValue(env, outcome);
  }
}

Napi::Value QueueHasItems(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  return Napi::Boolean::New(info.Env(), HasItems(self.region(), QueueArgument(info, self)));
}

// queueHasSpace(queue, payloadBytes, cells)
Napi::Value QueueHasSpace(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const uint64_t bytes = RecordBytes(Uint32Argument(info, 1), Uint32Argument(info, 2));
  return Napi::Boolean::New(info.Env(), HasSpace(self.region(), QueueArgument(info, self), bytes));
}

Napi::Value QueueClose(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  QueueAt(self.region(), QueueArgument(info, self)).closed.store(1);
  return info.Env().Undefined();
}

// queueFinishAll(): what this environment has taken of any queue is finished, where that is not said of each item.
Napi::Value QueueFinishAll(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const uint32_t high = self.region().slot(self.slot().index).ledger_high.load();
  for (uint32_t cell = 0; cell < high; cell++) {
    const uint64_t block = self.region().word(self.CellOffset(cell)).load();
    if (block != 0 && IsQueue(self.region(), block)) FinishItems(self.region(), block, self.slot().index);
  }
  return info.Env().Undefined();
}

// queueDone(queue): one of the items that this environment has taken is finished. False: it has none.
Napi::Value QueueDone(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  return Napi::Boolean::New(info.Env(),
                            FinishItem(self.region(), QueueArgument(info, self), self.slot().index));
}

// queueCounts(queue): { unfinished, lost, isClosed }
Napi::Value QueueCounts(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const uint64_t queue = QueueArgument(info, self);
  const QueueBlock& block = QueueAt(self.region(), queue);
  Napi::Object counts = Napi::Object::New(info.Env());
  counts.Set("unfinished", Unfinished(self.region(), queue));
  counts.Set("lost", Lost(self.region(), queue));
  counts.Set("isClosed", block.closed.load() != 0);
  return counts;
}

// queueSuspects(queue, ends): the slots of others that work on the queue, have items of it in their hands, or have one of
// those ends of a pipe: who, if it were dead, would be missed.
Napi::Value QueueSuspects(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const QueueBlock& block = QueueAt(self.region(), QueueArgument(info, self));
  const uint32_t ends = Uint32Argument(info, 1);
  Napi::Array suspects = Napi::Array::New(info.Env());
  const uint32_t high = self.region().SlotsUsed();
  for (uint32_t slot = 0; slot < high; slot++) {
    if (slot == self.slot().index) continue;
    const QueueSlot& of = block.Of(slot);
    const bool works = block.putter.load() == slot + 1 || block.getter.load() == slot + 1;
    const bool holds = of.got.load() != of.done.load() + of.lost.load();
    if (works || holds || (of.ends.load() & ends) != 0) suspects.Set(suspects.Length(), slot);
  }
  return suspects;
}

// queueEnds(queue, added, removed): which ends of a pipe this environment has.
Napi::Value QueueEnds(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  std::atomic<uint32_t>& ends = QueueAt(self.region(), QueueArgument(info, self)).Of(self.slot().index).ends;
  ends.store((ends.load() | Uint32Argument(info, 1)) & ~Uint32Argument(info, 2));
  return info.Env().Undefined();
}

// queueSize(queue): items in it.
Napi::Value QueueSize(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  return Napi::Number::New(info.Env(), Size(self.region(), QueueArgument(info, self)));
}

// queueShape(queue): [kind, maxItems, held]: as it was made, and the word of its buffer from which this environment's `got`,
// `done` and `lost` are.
Napi::Value QueueShapeOf(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const QueueBlock& block = QueueAt(self.region(), QueueArgument(info, self));
  const size_t held = offsetof(QueueBlock, slots) - kBlockHeaderBytes +
                      QueueBlock::PlaceOf(self.slot().index) * sizeof(QueueSlot);
  Napi::Array shape = Napi::Array::New(info.Env(), 3);
  shape.Set(0u, block.kind);
  shape.Set(1u, block.max_items);
  shape.Set(2u, static_cast<double>(held / 4));
  return shape;
}

// isBlockGone(block, generation): whether nobody refers to that life of the block any more.
Napi::Value IsBlockGone(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const uint64_t block = OffsetArgument(info, 0);
  const bool lives = IsBlockInUse(self.region(), block) &&
                     self.region().block(block).generation == Uint32Argument(info, 1);
  return Napi::Boolean::New(info.Env(), !lives);
}

}  // namespace

void BindQueue(Napi::Env env, Napi::Object exports) {
  auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("createQueue", CreateQueue);
  add("queueExchange", ExchangeBuffer);
  add("queuePut", QueuePut);
  add("queueTake", QueueTake);
  add("queueHasItems", QueueHasItems);
  add("queueHasSpace", QueueHasSpace);
  add("queueClose", QueueClose);
  add("queueFinishAll", QueueFinishAll);
  add("queueDone", QueueDone);
  add("queueCounts", QueueCounts);
  add("queueSuspects", QueueSuspects);
  add("queueEnds", QueueEnds);
  add("queueSize", QueueSize);
  add("queueShape", QueueShapeOf);
  add("isBlockGone", IsBlockGone);
}

}  // namespace forkyard
