// What a process has from its parent and could change: a fork server gives each child what its client has now, not what
// the server had when it was started. Descriptors and the environment are not here.
#pragma once

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "os/affinity.h"
#include "os/fd.h"
#include "os/priority.h"

namespace forkyard::os {

// Of every kind that the kernel has, by its number.
using ResourceLimits = std::array<rlimit, RLIM_NLIMITS>;

struct Inherited {
  mode_t umask = 0;
  int nice = 0;
  int oom_score_adj = 0;
  int has_no_new_privs = 0;
  uint64_t timer_slack_ns = 0;
  ResourceLimits limits{};
  CpuList cpus;
};

constexpr const char* kOomScoreAdj = "/proc/self/oom_score_adj";

// 0, as most have it, where there is no /proc.
inline int GetOomScoreAdj() {
  const UniqueFd file(open(kOomScoreAdj, O_RDONLY | O_CLOEXEC));
  char text[16] = {};
  if (!file.valid() || read(file.get(), text, sizeof(text) - 1) <= 0) return 0;
  return static_cast<int>(std::strtol(text, nullptr, 10));
}

inline void SetOomScoreAdj(int value) {
  const UniqueFd file(open(kOomScoreAdj, O_WRONLY | O_CLOEXEC));
  char text[16];
  const int length = std::snprintf(text, sizeof(text), "%d", value);
  if (file.valid()) (void)!write(file.get(), text, static_cast<size_t>(length));
}

inline ResourceLimits GetResourceLimits() {
  ResourceLimits limits{};
  for (int kind = 0; kind < static_cast<int>(limits.size()); kind++) {
    (void)syscall(SYS_prlimit64, 0, kind, nullptr, &limits[static_cast<size_t>(kind)]);
  }
  return limits;
}

inline void SetResourceLimits(const ResourceLimits& wanted) {
  for (int kind = 0; kind < static_cast<int>(wanted.size()); kind++) {
    const rlimit& limit = wanted[static_cast<size_t>(kind)];
    rlimit own{};
    if (syscall(SYS_prlimit64, 0, kind, nullptr, &own) != 0) continue;
    if (own.rlim_cur == limit.rlim_cur && own.rlim_max == limit.rlim_max) continue;
    (void)syscall(SYS_prlimit64, 0, kind, &limit, nullptr);
  }
}

// Of the calling thread, whose children would have it. The umask cannot be read without changing it: the caller knows it.
inline Result<Inherited> GetInherited(mode_t umask) {
  Result<int> nice = GetThreadNice(0);
  if (!nice) return nice.error();
  Result<CpuList> cpus = GetThreadAffinity(0);
  if (!cpus) return cpus.error();
  Inherited own;
  own.umask = umask;
  own.nice = nice.value();
  own.oom_score_adj = GetOomScoreAdj();
  own.has_no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  own.timer_slack_ns = static_cast<uint64_t>(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
  own.limits = GetResourceLimits();
  own.cpus = cpus.take();
  return own;
}

// To the calling thread, the only one. What the system refuses stays as it is: a lower nice value than its parent's, or
// CPUs that were taken away meanwhile.
inline void Inherit(const Inherited& wanted) {
  ::umask(wanted.umask);
  if (GetOomScoreAdj() != wanted.oom_score_adj) SetOomScoreAdj(wanted.oom_score_adj);
  (void)prctl(PR_SET_TIMERSLACK, wanted.timer_slack_ns, 0, 0, 0);
  if (wanted.has_no_new_privs != 0) (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (Result<int> nice = GetThreadNice(0); nice && nice.value() != wanted.nice) (void)SetThreadNice(0, wanted.nice);
  if (Result<CpuList> cpus = GetThreadAffinity(0); cpus && cpus.value() != wanted.cpus) {
    (void)SetThreadAffinity(0, wanted.cpus);
  }
  // Last: a lower limit of priorities or of memory must not keep the rest from being taken over.
  SetResourceLimits(wanted.limits);
}

}  // namespace forkyard::os
