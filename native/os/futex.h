// The kernel's wait-on-a-word, across processes (not FUTEX_PRIVATE). Its only caller is parking/.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <ctime>

namespace forkyard::os {

enum class FutexOutcome { kWoken, kValueDiffers, kInterrupted, kTimedOut };

inline constexpr uint64_t kNoDeadline = ~0ull;

// Sleeps while *word == expected, until woken or until `deadline_ns` of CLOCK_MONOTONIC (an absolute time, so a
// retry after a signal does not wait longer). FUTEX_WAIT_BITSET is the variant that takes an absolute time.
inline FutexOutcome FutexWait(std::atomic<uint32_t>* word, uint32_t expected, uint64_t deadline_ns) {
  timespec deadline{static_cast<time_t>(deadline_ns / 1'000'000'000ull),
                    static_cast<long>(deadline_ns % 1'000'000'000ull)};
  const timespec* until = deadline_ns == kNoDeadline ? nullptr : &deadline;
  long result = syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), FUTEX_WAIT_BITSET, expected, until, nullptr,
                        FUTEX_BITSET_MATCH_ANY);
  if (result == 0) return FutexOutcome::kWoken;
  if (errno == ETIMEDOUT) return FutexOutcome::kTimedOut;
  if (errno == EAGAIN) return FutexOutcome::kValueDiffers;
  return FutexOutcome::kInterrupted;
}

inline void FutexWake(std::atomic<uint32_t>* word, int count = INT_MAX) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), FUTEX_WAKE, count, nullptr, nullptr, 0);
}

}  // namespace forkyard::os
