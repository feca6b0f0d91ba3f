// See bind_sync.h. Taking and releasing is JavaScript's own, by atomics (src/sync/).
#include "binding/bind_sync.h"

#include <algorithm>
#include <cstring>

#include "binding/block_arguments.h"
#include "os/clock.h"
#include "parking/bell.h"
#include "parking/look_out.h"
#include "sync/sync_block.h"

namespace forkyard {
namespace {

constexpr double kMostOwners = 1 << 24;
// 30 years stay far from the end of the clock.
constexpr double kLongestMs = 1e12;

// createSync(kind, owners, slotWords, limit): cell, or a negative failure.
Napi::Value CreateSync(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  SyncShape shape;
  shape.kind = Uint32Argument(info, 0);
  shape.owners = static_cast<uint32_t>(IntegerArgument(info, 1, 0, kMostOwners));
  shape.slot_words = static_cast<SlotWords>(IntegerArgument(info, 2, 0, static_cast<double>(SlotWords::kArrivals)));
  shape.limit = Uint32Argument(info, 3);
  const Environment::Allocation made = self.Allocate(shape.bytes(), BlockKind::kSlab);
  if (made.failure != AllocationFailure::kNone) {
    return Napi::Number::New(info.Env(), -static_cast<double>(made.failure));
  }
  std::memset(self.region().At(made.block + kBlockHeaderBytes), 0, shape.bytes());
  InitializeSync(self.region(), made.block, shape);
  return Napi::Number::New(info.Env(), made.cell);
}

// park(block, turn, timeoutMs): blocks this thread while the block's turn is that, until its bell rings or the time is
// up. The caller's reference keeps the block. False: the time is up.
Napi::Value ParkAt(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const uint64_t block = OffsetArgument(info, 0);
  const uint32_t turn = Uint32Argument(info, 1);
  const double timeout_ms = std::clamp(NumberArgument(info, 2), 0.0, kLongestMs);
  const Region& region = self.region();
  if (!region.InData(block) || region.block(block).kind != BlockKind::kSync) {
    throw Napi::TypeError::New(info.Env(), "nothing that can be waited at");
  }
  SyncBlock& sync = SyncBlockAt(region, block);
  const uint64_t deadline = os::MonotonicNs() + static_cast<uint64_t>(timeout_ms * 1e6);
  const bool rung = Park(region, self.slot().index, deadline, [&] { return sync.turn.load() != turn; });
  return Napi::Boolean::New(info.Env(), rung);
}

// lookOut(block, word, seen, us): looks until that word of the block's buffer is no longer `seen`, for so long at most.
Napi::Value LookOut(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  const uint64_t block = BlockArgument(info, self, 0);
  const uint64_t byte = kBlockHeaderBytes + uint64_t{Uint32Argument(info, 1)} * 4;
  if (byte >= kBlockHeaderBytes + self.region().block(block).payload_bytes) {
    throw Napi::RangeError::New(info.Env(), "beyond the block");
  }
  const auto& word = *reinterpret_cast<const std::atomic<uint32_t>*>(self.region().At(block + byte));
  LookOutFor(word, Uint32Argument(info, 2), uint64_t{Uint32Argument(info, 3)} * 1000);
  return info.Env().Undefined();
}

}  // namespace

void BindSync(Napi::Env env, Napi::Object exports) {
  exports.Set("createSync", Napi::Function::New(env, CreateSync, "createSync"));
  exports.Set("lookOut", Napi::Function::New(env, LookOut, "lookOut"));
  exports.Set("park", Napi::Function::New(env, ParkAt, "park"));
}

}  // namespace forkyard
