// Sizes of blocks inside a span: multiples of a cache line, four steps a doubling, so at most a quarter is wasted.
// What is larger than half a span is a run of whole spans.
#pragma once

#include <cstdint>

#include "shared/layout.h"

namespace forkyard {

inline constexpr uint64_t kLargestSmallBlock = kSpanBytes / 2;
inline constexpr uint32_t kRunClass = 255;

constexpr uint64_t BlockBytesOfClass(uint32_t size_class) {
  // 0..7: 64, 128, ... 512; from 8: 640, 768, 896, 1024, 1280, ...
  if (size_class < 8) return (size_class + 1) * 64ull;
  uint32_t doubling = (size_class - 8) / 4;
  uint32_t step = (size_class - 8) % 4;
  return (512ull << doubling) + (step + 1) * (128ull << doubling);
}

constexpr uint32_t ClassOfBlockBytes(uint64_t bytes) {
  if (bytes <= 512) return bytes <= 64 ? 0 : static_cast<uint32_t>((bytes - 1) / 64);
  uint32_t doubling = static_cast<uint32_t>(63 - __builtin_clzll(bytes - 1)) - 9;
  uint64_t step = (bytes - 1 - (512ull << doubling)) / (128ull << doubling);
  return 8 + doubling * 4 + static_cast<uint32_t>(step);
}

inline constexpr uint32_t kSizeClasses = ClassOfBlockBytes(kLargestSmallBlock) + 1;

constexpr bool SizeClassesAreConsistent() {
  for (uint32_t size_class = 0; size_class < kSizeClasses; size_class++) {
    uint64_t bytes = BlockBytesOfClass(size_class);
    if (ClassOfBlockBytes(bytes) != size_class || ClassOfBlockBytes(bytes - 63) != size_class) return false;
    if (ClassOfBlockBytes(bytes + 1) != size_class + 1) return false;
  }
  return BlockBytesOfClass(kSizeClasses - 1) == kLargestSmallBlock && kSizeClasses < kRunClass;
}
static_assert(SizeClassesAreConsistent());

constexpr uint32_t BlocksInSpan(uint32_t size_class) {
  return size_class == kRunClass ? 1 : static_cast<uint32_t>(kSpanBytes / BlockBytesOfClass(size_class));
}

}  // namespace forkyard
