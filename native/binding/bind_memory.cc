// See bind_memory.h. A cell number is a reference that this environment holds; a block is an offset in the arena.
#include "binding/bind_memory.h"

#include <cstring>

#include "binding/block_arguments.h"
#include "binding/environment.h"
#include "binding/error.h"
#include "channel/spsc_ring.h"

namespace forkyard {
namespace {

// Negative results of share() and createRing(): src/memory/ makes errors of them.
double FailureNumber(AllocationFailure failure) { return -static_cast<double>(failure); }

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
  add("createRing", CreateRing);
  add("blockOf", BlockOfCell);
  add("generationOf", GenerationOfBlock);
  add("acquire", Acquire);
  add("release", Release);
  add("ringBuffer", RingBuffer);
  add("attach", Attach);
  add("closeRing", CloseRing);
  add("trim", Trim);
  add("memoryUse", MemoryUse);
}

}  // namespace forkyard
