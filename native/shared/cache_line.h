// The unit in which cores fight over memory: words written by different processes live this far apart.
#pragma once

#include <cstddef>

namespace forkyard {

inline constexpr size_t kCacheLine = 64;

}  // namespace forkyard
