// See bind_memory.h. A cell number is a reference that this environment holds; a block is an offset in the arena.
#include "binding/bind_memory.h"

#include <algorithm>

#include <cstring>

#include "binding/arguments.h"
#include "binding/environment.h"
#include "binding/error.h"
#include "channel/spsc_ring.h"
#include "sync/sweep.h"

namespace forkyard {
namespace {

// Negative results of share() and createRing(): src/memory/ makes errors of them.
double FailureNumber(AllocationFailure failure) { return -static_cast<double>(failure); }

uint64_t BlockArgument(const Napi::CallbackInfo& info, Environment& self, size_t index) {
  uint64_t block = OffsetArgument(info, index);
  if (!self.region().InData(block) || block % kCacheLine != 0) {
    throw Napi::RangeError::New(info.Env(), "not a block of the arena");
  }
  return block;
}

uint64_t RingArgument(const Napi::CallbackInfo& info, Environment& self, size_t index) {
  uint64_t block = BlockArgument(info, self, index);
  if (self.region().block(block).kind != BlockKind::kRing) {
    throw Napi::TypeError::New(info.Env(), "not a ring of the arena");
  }
  return block;
}

uint32_t CellArgument(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<uint32_t>(IntegerArgument(info, index, 0, kLedgerCells - 1));
}

// share(bytes: Uint8Array): cell of a slab that holds a copy of them, or a negative failure.
Napi::Value Share(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
  Environment::Allocation made = self.Allocate(bytes.ByteLength(), BlockKind::kSlab);
  if (made.failure != AllocationFailure::kNone) return Napi::Number::New(info.Env(), FailureNumber(made.failure));
  std::memcpy(self.region().At(made.block + kBlockHeaderBytes), bytes.Data(), bytes.ByteLength());
  return Napi::Number::New(info.Env(), made.cell);
}

// allocate(bytes): cell of a slab of zeros, or a negative failure.
Napi::Value AllocateZeros(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  uint64_t bytes = static_cast<uint64_t>(NumberArgument(info, 0));
  Environment::Allocation made = self.Allocate(bytes, BlockKind::kSlab);
  if (made.failure != AllocationFailure::kNone) return Napi::Number::New(info.Env(), FailureNumber(made.failure));
  std::memset(self.region().At(made.block + kBlockHeaderBytes), 0, bytes);
  return Napi::Number::New(info.Env(), made.cell);
}

// createRing(capacity): cell, or a negative failure.
Napi::Value CreateRing(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  uint32_t capacity = Uint32Argument(info, 0);
  Environment::Allocation made = self.Allocate(kRingDataOffset - kBlockHeaderBytes + capacity, BlockKind::kRing);
  if (made.failure != AllocationFailure::kNone) return Napi::Number::New(info.Env(), FailureNumber(made.failure));
  InitializeRing(self.region(), made.block, capacity);
  return Napi::Number::New(info.Env(), made.cell);
}

Napi::Value BlockOfCell(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  return Napi::Number::New(info.Env(),
                           static_cast<double>(self.region().word(self.CellOffset(CellArgument(info, 0))).load()));
}

// generation(block): which of the block's lives this is; a handle carries it.
Napi::Value GenerationOfBlock(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  return Napi::Number::New(info.Env(), self.region().block(BlockArgument(info, self, 0)).generation);
}

// acquire(block, generation): cell of one more reference, or -1 if the handle is stale.
Napi::Value Acquire(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  uint64_t block = BlockArgument(info, self, 0);
  uint32_t generation = Uint32Argument(info, 1);
  std::optional<uint32_t> cell = self.TakeCell();
  if (!cell) return Napi::Number::New(info.Env(), FailureNumber(AllocationFailure::kLedgerFull));
  bool acquired = AcquireReference(self.region(), self.slot().index, block, self.CellOffset(*cell));
  if (acquired && self.region().block(block).generation == generation) return Napi::Number::New(info.Env(), *cell);
  self.ReturnCell(*cell);
  return Napi::Number::New(info.Env(), -1);
}

Napi::Value Release(const Napi::CallbackInfo& info) {
  Environment::Opened(info.Env()).ReturnCell(CellArgument(info, 0));
  return info.Env().Undefined();
}

// ringBuffer(block): the ring's words and data, without its block header. The caller's reference keeps it.
Napi::Value RingBuffer(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  uint64_t block = RingArgument(info, self, 0);
  uint64_t bytes = kRingDataOffset - kCacheLine + self.region().ring(block).capacity;
  return Napi::ArrayBuffer::New(info.Env(), self.region().At(block + kCacheLine), bytes);
}

// attach(ring, position, cells: number[]): hands the references over to the record at the tail; the cells are free.
Napi::Value Attach(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  uint64_t ring = RingArgument(info, self, 0);
  Napi::Array cells = info[2].As<Napi::Array>();
  std::vector<uint32_t> numbers(cells.Length());
  std::vector<uint64_t> offsets(cells.Length());
  for (uint32_t i = 0; i < cells.Length(); i++) {
    numbers[i] = cells.Get(i).As<Napi::Number>().Uint32Value();
    offsets[i] = self.CellOffset(numbers[i]);
  }
  RecordReferences references{ring, Uint32Argument(info, 1), offsets.data(), cells.Length()};
  if (os::Result<void> done = AttachReferences(self.region(), self.slot().index, references); !done) {
    throw SystemError(info.Env(), done.error(), "attach references to a message");
  }
  for (uint32_t number : numbers) self.ReturnCell(number);
  return info.Env().Undefined();
}

// A buffer weighs so much at least for V8, which counts bytes, and would collect none of the 16,384 that an environment can
// have of a lock's size before there are no more.
constexpr int64_t kLeastWeight = 16 * 1024;

struct SlabHolder {
  std::shared_ptr<Environment::Link> link;
  uint32_t cell;
  int64_t added_weight = 0;
};

void FinalizeSlab(Napi::Env env, void*, SlabHolder* holder) {
  if (holder->added_weight > 0) Napi::MemoryManagement::AdjustExternalMemory(env, -holder->added_weight);
  if (Environment* self = holder->link->environment; self != nullptr) {
    const uint64_t block = self->region().word(self->CellOffset(holder->cell)).load();
    // What was collected while it was owned can be released by nobody; unless it has arrived again meanwhile.
    if (self->region().block(block).kind == BlockKind::kSync && !self->RefersBeside(holder->cell, block)) {
      SweepSyncBlock(self->region(), block, self->slot().index);
    }
    self->ReturnCell(holder->cell);
  }
  delete holder;
}

bool AboveHalfOfQuota(const ArenaHeader& header) {
  return CountWord::Unpack(header.spans_in_use.load()).count > header.limit_spans / 2;
}

InFlight InFlightArgument(const Napi::CallbackInfo& info, Environment& self) {
  return {RingArgument(info, self, 0), Uint32Argument(info, 1), Uint32Argument(info, 2)};
}

// Moves a reference out of the ring; the number of the cell that holds it now.
uint32_t Take(const Napi::CallbackInfo& info, Environment& self, bool taken_back) {
  InFlight from = InFlightArgument(info, self);
  from.taken_back = taken_back;
  std::optional<uint32_t> cell = self.TakeCell();
  if (!cell) throw SystemError(info.Env(), os::Error{ENOBUFS, "take cell"}, "hold one more shared buffer");
  os::Result<void> taken = TakeReference(self.region(), self.slot().index, from, self.CellOffset(*cell));
  if (taken) return *cell;
  self.ReturnCell(*cell);
  throw SystemError(info.Env(), taken.error(), "receive a shared buffer");
}

// take(ring, position, index): cell of a slab of the record that the consumer stands at.
Napi::Value TakeCellOf(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Take(info, Environment::Opened(info.Env()), false));
}

// view(cell): the slab as a buffer, which holds the cell until it is collected.
Napi::Value View(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Environment& self = Environment::Opened(env);
  const Region& region = self.region();
  uint32_t cell = CellArgument(info, 0);
  uint64_t block = region.word(self.CellOffset(cell)).load();
  if (block == 0 || region.block(block).kind == BlockKind::kRing) throw Napi::RangeError::New(env, "not a slab");
  const uint64_t bytes = region.block(block).payload_bytes;
  const int64_t added_weight = std::max<int64_t>(0, kLeastWeight - static_cast<int64_t>(bytes));
  if (added_weight > 0) Napi::MemoryManagement::AdjustExternalMemory(env, added_weight);
  return Napi::ArrayBuffer::New(env, region.At(block + kBlockHeaderBytes), bytes, FinalizeSlab,
                                new SlabHolder{self.link(), cell, added_weight});
}

// detach(buffer): takes a received buffer away from JavaScript, without waiting for its collection.
Napi::Value Detach(const Napi::CallbackInfo& info) {
  info[0].As<Napi::ArrayBuffer>().Detach();
  return info.Env().Undefined();
}

// reclaim(ring, position, index): cell of a slab of a record that the producer has taken back.
Napi::Value Reclaim(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Take(info, Environment::Opened(info.Env()), true));
}

// receive(ring, position, index): a slab as a buffer that holds the reference until it is collected; or as a copy
// where memory is scarce, so that idle garbage cannot exhaust the quota.
Napi::Value Receive(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Environment& self = Environment::Opened(env);
  const Region& region = self.region();
  uint32_t cell = Take(info, self, false);
  uint64_t block = region.word(self.CellOffset(cell)).load();
  uint64_t bytes = region.block(block).payload_bytes;
  uint8_t* payload = region.At(block + kBlockHeaderBytes);
  if (AboveHalfOfQuota(region.header())) {
    Napi::ArrayBuffer copy = Napi::ArrayBuffer::New(env, bytes);
    std::memcpy(copy.Data(), payload, bytes);
    self.ReturnCell(cell);
    return copy;
  }
  return Napi::ArrayBuffer::New(env, payload, bytes, FinalizeSlab, new SlabHolder{self.link(), cell});
}

// borrow(ring, position, index): a slab that stays in the ring until `drop`; the buffer must not be kept longer.
Napi::Value Borrow(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Environment& self = Environment::Opened(env);
  os::Result<uint64_t> block = PeekReference(self.region(), InFlightArgument(info, self));
  if (!block) throw SystemError(env, block.error(), "look at a shared buffer");
  return Napi::ArrayBuffer::New(env, self.region().At(block.value() + kBlockHeaderBytes),
                                self.region().block(block.value()).payload_bytes);
}

// drop(ring, position, index): whether there was still a reference to give up.
Napi::Value Drop(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  os::Result<void> dropped = DropReference(self.region(), self.slot().index, InFlightArgument(info, self));
  return Napi::Boolean::New(info.Env(), dropped.ok());
}

// closeRing(cell): leaves the ring for good; the last to leave releases what is in flight in it.
Napi::Value CloseRing(const Napi::CallbackInfo& info) {
  Environment::Opened(info.Env()).ReturnCell(CellArgument(info, 0));
  return info.Env().Undefined();
}

Napi::Value Trim(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Environment::Opened(info.Env()).allocator().Trim());
}

Napi::Value MemoryUse(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const ArenaHeader& header = self.region().header();
  Napi::Object use = Napi::Object::New(info.Env());
  uint64_t in_use = CountWord::Unpack(header.spans_in_use.load()).count;
  use.Set("bytesInUse", static_cast<double>(in_use * kSpanBytes));
  use.Set("limitBytes", static_cast<double>(header.limit_spans * kSpanBytes));
  use.Set("reservedBytes", static_cast<double>(header.arena_bytes));
  use.Set("ownedBytes", static_cast<double>(self.allocator().owned_spans() * kSpanBytes));
  return use;
}

}  // namespace

void BindMemory(Napi::Env env, Napi::Object exports) {
  auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("share", Share);
  add("allocate", AllocateZeros);
  add("take", TakeCellOf);
  add("view", View);
  add("detach", Detach);
  add("createRing", CreateRing);
  add("blockOf", BlockOfCell);
  add("generationOf", GenerationOfBlock);
  add("acquire", Acquire);
  add("release", Release);
  add("ringBuffer", RingBuffer);
  add("attach", Attach);
  add("reclaim", Reclaim);
  add("receive", Receive);
  add("borrow", Borrow);
  add("drop", Drop);
  add("closeRing", CloseRing);
  add("trim", Trim);
  add("memoryUse", MemoryUse);
}

}  // namespace forkyard
