// See bind_slabs.h. Cells and blocks are bind_memory.cc.
#include "binding/bind_slabs.h"

#include <algorithm>
#include <cstring>

#include "binding/block_arguments.h"
#include "binding/error.h"
#include "channel/queue.h"
#include "channel/spsc_ring.h"
#include "channel/sweep.h"
#include "os/heap.h"

namespace forkyard {
namespace {

// A buffer weighs so much at least for V8, which counts bytes, and would collect none of the 16,384 that an environment can
// have of a lock's size before there are no more.
constexpr int64_t kLeastWeight = 16 * 1024;

constexpr uint64_t kLongestBuffer = 1ull << 30;

// Left for what cannot be received as a copy: shared objects, and what the program makes itself.
constexpr uint32_t kScarceCells = kLedgerCells / 4;

bool IsSwept(BlockKind kind) { return kind == BlockKind::kSync || kind == BlockKind::kQueue; }

struct SlabHolder {
  std::shared_ptr<Environment::Link> link;
  std::optional<uint32_t> cell;
  int64_t added_weight = 0;
};

// Buffers are finalized as well when an environment is torn down, and before its cleanup hooks: JavaScript cannot be called then.
bool IsEnding(Napi::Env env) {
  napi_value undefined = nullptr;
  napi_value converted = nullptr;
  return napi_get_undefined(env, &undefined) != napi_ok || napi_coerce_to_bool(env, undefined, &converted) != napi_ok;
}

// What was collected while it was owned can be released by nobody; unless it has arrived again meanwhile. Items in hand are finished
// where the program goes on without the queue, and lost where it does not go on.
void GiveUpView(Napi::Env env, Environment& self, uint32_t cell) {
  const uint64_t block = self.region().word(self.CellOffset(cell)).load();
  if (IsSwept(self.region().block(block).kind) && !self.RefersBeside(cell, block)) {
    if (IsQueue(self.region(), block) && !IsEnding(env)) FinishItems(self.region(), block, self.slot().index);
    SweepBlock(self.region(), block, self.slot().index);
  }
  self.ReturnCell(cell);
}

void FinalizeSlab(Napi::Env env, void*, SlabHolder* holder) {
  if (holder->added_weight > 0) Napi::MemoryManagement::AdjustExternalMemory(env, -holder->added_weight);
  if (Environment* self = holder->link->environment; self != nullptr && holder->cell) {
    self->views().erase(*holder->cell);
    GiveUpView(env, *self, *holder->cell);
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

// Gives a cell back in the end, also where V8 has no memory.
struct CellReturn {
  Environment& self;
  uint32_t cell;
  ~CellReturn() { self.ReturnCell(cell); }
};

// A copy of a slab that stays where it is meanwhile. The memory of a Buffer, which cannot be as long as any ArrayBuffer, is
// not cleared before.
Napi::ArrayBuffer CopyOf(Napi::Env env, const Region& region, uint64_t block) {
  const uint64_t bytes = region.block(block).payload_bytes;
  os::KeepFreedMemory();
  Napi::ArrayBuffer copy = bytes <= kLongestBuffer ? Napi::Buffer<uint8_t>::New(env, bytes).ArrayBuffer()
                                                   : Napi::ArrayBuffer::New(env, bytes);
  std::memcpy(copy.Data(), region.At(block + kBlockHeaderBytes), bytes);
  return copy;
}

// A slab, which nobody frees meanwhile, as a buffer that holds the cell until it is collected; or as a copy.
Napi::ArrayBuffer BufferOf(Napi::Env env, Environment& self, uint32_t cell, bool copies) {
  const uint64_t block = self.region().word(self.CellOffset(cell)).load();
  if (!copies) {
    return Napi::ArrayBuffer::New(env, self.region().At(block + kBlockHeaderBytes),
                                  self.region().block(block).payload_bytes, FinalizeSlab,
                                  new SlabHolder{self.link(), cell});
  }
  const CellReturn used_up{self, cell};
  return CopyOf(env, self.region(), block);
}

// What a peer sent as a slab is not believed to be one.
uint32_t SlabCellArgument(const Napi::CallbackInfo& info, Environment& self) {
  const uint32_t cell = CellArgument(info, 0);
  const uint64_t block = self.region().word(self.CellOffset(cell)).load();
  if (block == 0 || self.region().block(block).kind != BlockKind::kSlab) {
    throw Napi::TypeError::New(info.Env(), "not a slab");
  }
  return cell;
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
  SlabHolder* holder = new SlabHolder{self.link(), cell, added_weight};
  self.views()[cell] = &holder->cell;
  return Napi::ArrayBuffer::New(env, region.At(block + kBlockHeaderBytes), bytes, FinalizeSlab, holder);
}

// closeView(cell, buffer): gives the cell of a view up now; the buffer is empty from then on.
Napi::Value CloseView(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const uint32_t cell = CellArgument(info, 0);
  info[1].As<Napi::ArrayBuffer>().Detach();
  if (auto view = self.views().find(cell); view != self.views().end()) {
    view->second->reset();
    self.views().erase(view);
    GiveUpView(info.Env(), self, cell);
  }
  return info.Env().Undefined();
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

// Needs no cell, of which there may be none left.
Napi::ArrayBuffer ReceiveCopy(const Napi::CallbackInfo& info, Environment& self) {
  const InFlight from = InFlightArgument(info, self);
  os::Result<uint64_t> block = PeekReference(self.region(), from);
  if (!block) throw SystemError(info.Env(), block.error(), "receive a shared buffer");
  Napi::ArrayBuffer copy = CopyOf(info.Env(), self.region(), block.value());
  if (os::Result<void> dropped = DropReference(self.region(), self.slot().index, from); !dropped) {
    throw SystemError(info.Env(), dropped.error(), "receive a shared buffer");
  }
  return copy;
}

// Where memory or cells are scarce, received buffers are copies: what the program keeps, or has dropped and not collected,
// must exhaust neither.
bool AreScarce(const Environment& self) {
  return AboveHalfOfQuota(self.region().header()) || self.cells_left() < kScarceCells;
}

// receive(ring, position, index): a slab as a buffer that holds the reference until it is collected; or as a copy.
Napi::Value Receive(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Environment& self = Environment::Opened(env);
  if (AreScarce(self)) return ReceiveCopy(info, self);
  return BufferOf(env, self, Take(info, self, false), false);
}

// receiveCell(cell, copies): the same of a slab that a cell refers to; the cell is used up.
Napi::Value ReceiveCell(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const bool copies = info[1].ToBoolean() || AreScarce(self);
  return BufferOf(info.Env(), self, SlabCellArgument(info, self), copies);
}

// borrowCell(cell): a slab that a cell refers to; the buffer must not be kept longer than the cell.
Napi::Value BorrowCell(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const uint64_t block = self.region().word(self.CellOffset(SlabCellArgument(info, self))).load();
  return Napi::ArrayBuffer::New(info.Env(), self.region().At(block + kBlockHeaderBytes),
                                self.region().block(block).payload_bytes);
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

}  // namespace

void BindSlabs(Napi::Env env, Napi::Object exports) {
  auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("take", TakeCellOf);
  add("view", View);
  add("closeView", CloseView);
  add("detach", Detach);
  add("reclaim", Reclaim);
  add("receive", Receive);
  add("receiveCell", ReceiveCell);
  add("borrowCell", BorrowCell);
  add("borrow", Borrow);
  add("drop", Drop);
}

}  // namespace forkyard
