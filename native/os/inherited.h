// What a process has from its parent and could change: a fork server gives each child what its client has now, not what
// the server had when it was started. Descriptors and the environment are not here.
#pragma once

#include <sys/stat.h>

#include "os/affinity.h"
#include "os/priority.h"

namespace forkyard::os {

struct Inherited {
  mode_t umask = 0;
  int nice = 0;
  CpuList cpus;
};

// Of the calling thread, whose children would have it. The umask cannot be read without changing it: the caller knows it.
inline Result<Inherited> GetInherited(mode_t umask) {
  Result<int> nice = GetThreadNice(0);
  if (!nice) return nice.error();
  Result<CpuList> cpus = GetThreadAffinity(0);
  if (!cpus) return cpus.error();
  return Inherited{umask, nice.value(), cpus.take()};
}

// To the calling thread, the only one. What the system refuses stays as it is: a lower nice value than its parent's, or
// CPUs that were taken away meanwhile.
inline void Inherit(const Inherited& wanted) {
  ::umask(wanted.umask);
  if (Result<int> nice = GetThreadNice(0); nice && nice.value() != wanted.nice) (void)SetThreadNice(0, wanted.nice);
  if (Result<CpuList> cpus = GetThreadAffinity(0); cpus && cpus.value() != wanted.cpus) {
    (void)SetThreadAffinity(0, wanted.cpus);
  }
}

}  // namespace forkyard::os
