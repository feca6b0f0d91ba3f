// Nice value, scheduling policy and I/O priority of a thread, or of all threads of a process. Names of policies and
// classes, and what right is missing after an EPERM, are the TypeScript side's.
#pragma once

#include <sys/types.h>

#include "os/result.h"

namespace forkyard::os {

// sched(7). The numbers are the kernel's.
enum SchedulerPolicy : int {
  kPolicyOther = 0,
  kPolicyFifo = 1,
  kPolicyRoundRobin = 2,
  kPolicyBatch = 3,
  kPolicyIdle = 5,
  kPolicyDeadline = 6,  // can be read, not set
};

struct Scheduler {
  int policy = kPolicyOther;
  int priority = 0;  // 1 to 99 for fifo and rr, otherwise 0
  bool operator==(const Scheduler&) const = default;
};

// ioprio_set(2). The numbers are the kernel's.
enum IoClass : int {
  kIoNone = 0,
  kIoRealtime = 1,
  kIoBestEffort = 2,
  kIoIdle = 3,
};

struct IoPriority {
  int io_class = kIoNone;
  int level = 0;  // 0 (first) to 7 for realtime and best-effort, otherwise 0
  bool operator==(const IoPriority&) const = default;
};

// Thread calls take tid 0 for the calling thread, process calls pid 0 for this process. Reading a process is reading its
// main thread. Process calls reach threads that are made meanwhile; if one refuses, the others are given their old value
// back as far as the system permits. EPERM: a process of another user, or a right is missing; EACCES: a lower nice value
// than RLIMIT_NICE permits; ESRCH: no such thread or process.
Result<int> GetThreadNice(pid_t tid);
Result<void> SetThreadNice(pid_t tid, int nice);
Result<void> SetProcessNice(pid_t pid, int nice);

Result<Scheduler> GetThreadScheduler(pid_t tid);
// Keeps SCHED_RESET_ON_FORK as it is.
Result<void> SetThreadScheduler(pid_t tid, const Scheduler& scheduler);
Result<void> SetProcessScheduler(pid_t pid, const Scheduler& scheduler);

Result<IoPriority> GetThreadIoPriority(pid_t tid);
Result<void> SetThreadIoPriority(pid_t tid, const IoPriority& priority);
Result<void> SetProcessIoPriority(pid_t pid, const IoPriority& priority);

}  // namespace forkyard::os
