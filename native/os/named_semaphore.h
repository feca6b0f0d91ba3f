// POSIX named semaphores (sem_open family): shared with any program by name, not robust against a dead owner.
// The semaphores and locks of a family are sync/. Names as in shm.h; glibc keeps "/x" as /dev/shm/sem.x, musl as
// /dev/shm/x.
#pragma once

#include <semaphore.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <utility>

#include "os/result.h"
#include "os/shm.h"

namespace forkyard::os {

class NamedSemaphore {
 public:
  NamedSemaphore(NamedSemaphore&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
  NamedSemaphore& operator=(NamedSemaphore&& other) noexcept {
    std::swap(semaphore_, other.semaphore_);
    return *this;
  }
  NamedSemaphore(const NamedSemaphore&) = delete;
  NamedSemaphore& operator=(const NamedSemaphore&) = delete;
  ~NamedSemaphore() {
    if (semaphore_ != nullptr) sem_close(semaphore_);
  }

  // EEXIST if the name is taken; EINVAL for a value above SEM_VALUE_MAX.
  static Result<NamedSemaphore> Create(const std::string& name, unsigned value, mode_t mode = 0600,
                                       const BeforeNamed& before_named = nullptr);
  // As Create, but a taken name is opened and keeps the value it has.
  static Result<NamedSemaphore> CreateOrOpen(const std::string& name, unsigned value, mode_t mode = 0600);
  static Result<NamedSemaphore> Open(const std::string& name);
  static Result<void> Unlink(const std::string& name);
  // The file in /dev/shm that a name is.
  static std::string FileOf(const std::string& name);

  // EOVERFLOW at SEM_VALUE_MAX.
  Result<void> Post();
  Result<void> Wait();
  // True if a permit was taken.
  Result<bool> TryWait();
  // True if a permit was taken, false once MonotonicNs() (clock.h) has passed deadline_ns. A permit that is there is
  // taken even if the deadline is over.
  Result<bool> WaitUntil(uint64_t deadline_ns);
  Result<int> Value() const;

 private:
  explicit NamedSemaphore(sem_t* semaphore) : semaphore_(semaphore) {}
  static Result<NamedSemaphore> OpenWith(const std::string& name, int flags, mode_t mode, unsigned value);

  sem_t* semaphore_;
};

namespace internal {

// The timed wait where sem_clockwait is missing (musl; glibc before 2.30), built everywhere so that it is tested
// everywhere. sem_timedwait measures the time of day, so no single wait is longer than a second and the monotonic clock
// decides: a step forward costs a look at the clock, a step back at most delays the end of one such wait.
Result<bool> WaitUntilByTimeOfDay(sem_t* semaphore, uint64_t deadline_ns);

}  // namespace internal

}  // namespace forkyard::os
