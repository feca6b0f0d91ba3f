// Looking at a word of shared memory before sleeping: waking a sleeper takes longer than most answers.
#pragma once

#include <atomic>
#include <cstdint>

#include "os/clock.h"
#include "os/pause.h"

namespace forkyard {

// Until the word is no longer `seen`, for so long at most.
inline void LookOutFor(const std::atomic<uint32_t>& word, uint32_t seen, uint64_t ns) {
  constexpr int kLooksAtOnce = 16;
  const uint64_t deadline = os::MonotonicNs() + ns;
  do {
    for (int look = 0; look < kLooksAtOnce; look++) {
      if (word.load(std::memory_order_acquire) != seen) return;
      os::Pause();
    }
  } while (os::MonotonicNs() < deadline);
}

}  // namespace forkyard
