// Reading arguments that name memory of the arena: blocks, rings, cells of this environment's ledger.
#pragma once

#include "binding/arguments.h"
#include "binding/environment.h"

namespace forkyard {

inline uint64_t BlockArgument(const Napi::CallbackInfo& info, Environment& self, size_t index) {
  uint64_t block = OffsetArgument(info, index);
  if (!self.region().InData(block) || block % kCacheLine != 0) {
    throw Napi::RangeError::New(info.Env(), "not a block of the arena");
  }
  return block;
}

inline uint64_t RingArgument(const Napi::CallbackInfo& info, Environment& self, size_t index) {
  uint64_t block = BlockArgument(info, self, index);
  if (self.region().block(block).kind != BlockKind::kRing) {
    throw Napi::TypeError::New(info.Env(), "not a ring of the arena");
  }
  return block;
}

inline uint32_t CellArgument(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<uint32_t>(IntegerArgument(info, index, 0, kLedgerCells - 1));
}

}  // namespace forkyard
