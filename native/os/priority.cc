// getpriority, sched_setscheduler and ioprio_set for threads and processes. The contract is in priority.h, the walk over
// threads in each_thread.h.
#include "os/priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/each_thread.h"

namespace forkyard::os {

namespace {

constexpr int kResetOnFork = 0x40000000;

constexpr int kIoWhoProcess = 1;  // one thread, in spite of its name
constexpr int kIoClassShift = 13;
// Linux 6.5 put hints between the level and the class.
constexpr int kIoLevelMask = 7;

// musl's sched_getscheduler and sched_setscheduler always fail with ENOSYS, because POSIX means them per process.
Result<int> ReadPolicy(pid_t tid) {
  const long policy = syscall(SYS_sched_getscheduler, tid);
  if (policy < 0) return LastError("sched_getscheduler");
  return static_cast<int>(policy);
}

}  // namespace

Result<int> GetThreadNice(pid_t tid) {
  // -1 is also a nice value.
  errno = 0;
  const int nice = getpriority(PRIO_PROCESS, static_cast<id_t>(tid));
  if (nice == -1 && errno != 0) return LastError("getpriority");
  return nice;
}

Result<void> SetThreadNice(pid_t tid, int nice) {
  if (setpriority(PRIO_PROCESS, static_cast<id_t>(tid), nice) != 0) return LastError("setpriority");
  return {};
}

Result<void> SetProcessNice(pid_t pid, int nice) {
  return SetForEachThread(pid, nice, GetThreadNice, SetThreadNice);
}

Result<Scheduler> GetThreadScheduler(pid_t tid) {
  const Result<int> policy = ReadPolicy(tid);
  if (!policy.ok()) return policy.error();
  sched_param parameters{};
  if (syscall(SYS_sched_getparam, tid, &parameters) != 0) return LastError("sched_getparam");
  return Scheduler{policy.value() & ~kResetOnFork, parameters.sched_priority};
}

Result<void> SetThreadScheduler(pid_t tid, const Scheduler& scheduler) {
  const Result<int> before = ReadPolicy(tid);
  if (!before.ok()) return before.error();
  sched_param parameters{};
  parameters.sched_priority = scheduler.priority;
  // Dropping the flag would need a right that choosing a policy does not.
  const int policy = scheduler.policy | (before.value() & kResetOnFork);
  if (syscall(SYS_sched_setscheduler, tid, policy, &parameters) != 0) return LastError("sched_setscheduler");
  return {};
}

Result<void> SetProcessScheduler(pid_t pid, const Scheduler& scheduler) {
  return SetForEachThread(pid, scheduler, GetThreadScheduler, SetThreadScheduler);
}

Result<IoPriority> GetThreadIoPriority(pid_t tid) {
  const long value = syscall(SYS_ioprio_get, kIoWhoProcess, tid);
  if (value < 0) return LastError("ioprio_get");
  const int io_class = static_cast<int>(value >> kIoClassShift) & 7;
  const bool has_level = io_class == kIoRealtime || io_class == kIoBestEffort;
  return IoPriority{io_class, has_level ? static_cast<int>(value) & kIoLevelMask : 0};
}

Result<void> SetThreadIoPriority(pid_t tid, const IoPriority& priority) {
  // The kernel would take a higher level for a hint.
  if (priority.level < 0 || priority.level > kIoLevelMask || priority.io_class < 0 || priority.io_class > kIoIdle) {
    return Error{EINVAL, "ioprio_set"};
  }
  const int value = priority.io_class << kIoClassShift | priority.level;
  if (syscall(SYS_ioprio_set, kIoWhoProcess, tid, value) != 0) return LastError("ioprio_set");
  return {};
}

Result<void> SetProcessIoPriority(pid_t pid, const IoPriority& priority) {
  return SetForEachThread(pid, priority, GetThreadIoPriority, SetThreadIoPriority);
}

}  // namespace forkyard::os
