// The sem_open family with interruptions handled and time-outs on the monotonic clock. The contract is in
// named_semaphore.h.
#include "os/named_semaphore.h"

#include <fcntl.h>

#include <algorithm>
#include <ctime>

#include "os/clock.h"
#include "os/mapping.h"

#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 30)
#define FORKYARD_HAS_SEM_CLOCKWAIT 1
#endif
#endif

namespace forkyard::os {

namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;

Result<bool> TakeNow(sem_t* semaphore) {
  while (sem_trywait(semaphore) != 0) {
    if (errno == EAGAIN) return false;
    if (errno != EINTR) return LastError("sem_trywait");
  }
  return true;
}

#ifdef FORKYARD_HAS_SEM_CLOCKWAIT
Result<bool> WaitUntilByMonotonicClock(sem_t* semaphore, uint64_t deadline_ns) {
  const timespec deadline{static_cast<time_t>(deadline_ns / kSecondNs), static_cast<long>(deadline_ns % kSecondNs)};
  while (sem_clockwait(semaphore, CLOCK_MONOTONIC, &deadline) != 0) {
    if (errno == ETIMEDOUT) return false;
    if (errno != EINTR) return LastError("sem_clockwait");
  }
  return true;
}
#endif

bool HasZeroByte(const std::string& name) { return name.find('\0') != std::string::npos; }

}  // namespace

// As sem_open makes one, but for what `before_named` does: the contents are those of sem_init for all processes.
Result<NamedSemaphore> NamedSemaphore::Create(const std::string& name, unsigned value, mode_t mode,
                                              const BeforeNamed& before_named) {
  if (HasZeroByte(name)) return Error{EINVAL, "sem_open"};
  const auto initialize = [&](int fd) -> Result<void> {
    const Result<Mapping> mapping = Mapping::MapShared(fd, sizeof(sem_t));
    if (!mapping.ok()) return mapping.error();
    if (sem_init(reinterpret_cast<sem_t*>(mapping.value().data()), 1, value) != 0) return LastError("sem_init");
    return before_named ? before_named(fd) : Result<void>();
  };
  const Result<UniqueFd> file = CreateSharedMemory("/" + FileOf(name), sizeof(sem_t), mode, initialize);
  if (!file.ok()) return file.error();
  return Open(name);
}

Result<NamedSemaphore> NamedSemaphore::CreateOrOpen(const std::string& name, unsigned value, mode_t mode) {
  return OpenWith(name, O_CREAT, mode, value);
}

Result<NamedSemaphore> NamedSemaphore::Open(const std::string& name) { return OpenWith(name, 0, 0, 0); }

Result<void> NamedSemaphore::Unlink(const std::string& name) {
  if (HasZeroByte(name)) return Error{EINVAL, "sem_unlink"};
  if (sem_unlink(name.c_str()) != 0) return LastError("sem_unlink");
  return {};
}

std::string NamedSemaphore::FileOf(const std::string& name) {
#ifdef __GLIBC__
  return "sem." + name.substr(name.find_first_not_of('/'));
#else
  return name.substr(name.find_first_not_of('/'));
#endif
}

Result<void> NamedSemaphore::Post() {
  if (sem_post(semaphore_) != 0) return LastError("sem_post");
  return {};
}

Result<void> NamedSemaphore::Wait() {
  while (sem_wait(semaphore_) != 0) {
    if (errno != EINTR) return LastError("sem_wait");
  }
  return {};
}

Result<bool> NamedSemaphore::TryWait() { return TakeNow(semaphore_); }

Result<bool> NamedSemaphore::WaitUntil(uint64_t deadline_ns) {
#ifdef FORKYARD_HAS_SEM_CLOCKWAIT
  return WaitUntilByMonotonicClock(semaphore_, deadline_ns);
#else
  return internal::WaitUntilByTimeOfDay(semaphore_, deadline_ns);
#endif
}

Result<int> NamedSemaphore::Value() const {
  int value = 0;
  if (sem_getvalue(semaphore_, &value) != 0) return LastError("sem_getvalue");
  return value;
}

Result<NamedSemaphore> NamedSemaphore::OpenWith(const std::string& name, int flags, mode_t mode, unsigned value) {
  if (HasZeroByte(name)) return Error{EINVAL, "sem_open"};
  for (;;) {
    sem_t* semaphore = sem_open(name.c_str(), flags, mode, value);
    if (semaphore != SEM_FAILED) return NamedSemaphore(semaphore);
    if (errno != EINTR) return LastError("sem_open");
  }
}

Result<bool> internal::WaitUntilByTimeOfDay(sem_t* semaphore, uint64_t deadline_ns) {
  for (;;) {
    const uint64_t now_ns = MonotonicNs();
    if (now_ns >= deadline_ns) return TakeNow(semaphore);
    const uint64_t wait_ns = std::min(deadline_ns - now_ns, kSecondNs);
    timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    const uint64_t end_ns = static_cast<uint64_t>(until.tv_nsec) + wait_ns;
    until.tv_sec += static_cast<time_t>(end_ns / kSecondNs);
    until.tv_nsec = static_cast<long>(end_ns % kSecondNs);
    if (sem_timedwait(semaphore, &until) == 0) return true;
    if (errno != ETIMEDOUT && errno != EINTR) return LastError("sem_timedwait");
  }
}

}  // namespace forkyard::os
