// Anonymous shared memory: a file without a name, which the kernel frees when its last user dies.
// Named segments are shm.h.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "os/fd.h"
#include "os/result.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace forkyard::os {

// A sparse memfd of `size` bytes that can neither shrink (a peer would get SIGBUS) nor grow.
// MFD_NOEXEC_SEAL exists from Linux 6.3; older kernels answer EINVAL.
inline Result<UniqueFd> CreateMemfd(const char* name, uint64_t size) {
  int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return LastError("memfd_create");
  UniqueFd owned(fd);
  if (ftruncate(fd, static_cast<off_t>(size)) != 0) return LastError("ftruncate");
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return LastError("fcntl(F_ADD_SEALS)");
  return owned;
}

}  // namespace forkyard::os
