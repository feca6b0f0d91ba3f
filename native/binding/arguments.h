// Reading plain arguments. The TypeScript above has interpreted them; this refuses what is not even the type, so a
// mistake there cannot become a wild pointer here.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>

namespace forkyard {

inline double NumberArgument(const Napi::CallbackInfo& info, size_t index) {
  if (index >= info.Length() || !info[index].IsNumber()) {
    throw Napi::TypeError::New(info.Env(), "argument " + std::to_string(index) + " must be a number");
  }
  return info[index].As<Napi::Number>().DoubleValue();
}

inline double IntegerArgument(const Napi::CallbackInfo& info, size_t index, double lowest, double highest) {
  double value = NumberArgument(info, index);
  if (!(value >= lowest && value <= highest) || value != std::floor(value)) {
    throw Napi::RangeError::New(info.Env(), "argument " + std::to_string(index) + " is out of range");
  }
  return value;
}

inline uint32_t Uint32Argument(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<uint32_t>(IntegerArgument(info, index, 0, 4294967295.0));
}

inline int32_t Int32Argument(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<int32_t>(IntegerArgument(info, index, -2147483648.0, 2147483647.0));
}

inline uint64_t OffsetArgument(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<uint64_t>(IntegerArgument(info, index, 0, 9007199254740991.0));
}

}  // namespace forkyard
