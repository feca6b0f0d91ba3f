// The one clock that deadlines are measured on: it does not jump when somebody sets the time of day.
#pragma once

#include <ctime>

#include <cstdint>

namespace forkyard::os {

inline uint64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000ull + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace forkyard::os
