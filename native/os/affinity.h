// On which CPUs a thread, or all threads of a process, may run (sched_setaffinity(2)). Which CPUs there are and how they
// are related is read from /sys by the TypeScript side.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "os/result.h"

namespace forkyard::os {

// CPU numbers, ascending, without repetition.
using CpuList = std::vector<uint32_t>;

// More CPUs than any kernel supports; a number at or above it is EINVAL.
constexpr uint32_t kMaxCpus = 1u << 20;

// tid 0: the calling thread. Works for any number of CPUs.
Result<CpuList> GetThreadAffinity(pid_t tid);

// EINVAL, with nothing changed, unless the thread may run on every one of `cpus` (the kernel itself drops the others
// silently). EPERM for a thread of another user without CAP_SYS_NICE.
Result<void> SetThreadAffinity(pid_t tid, const CpuList& cpus);

// All threads of a process (pid 0: this one), those that it makes meanwhile included; all or none, unless the system
// refuses to undo.
Result<void> SetProcessAffinity(pid_t pid, const CpuList& cpus);

// The CPUs that this process could give itself: online and allowed by its cpuset, whatever its mask is now.
Result<CpuList> GetUsableCpus();

}  // namespace forkyard::os
