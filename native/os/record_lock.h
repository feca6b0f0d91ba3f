// One byte of a file, locked by a living process: the liveness token. POSIX record locks, not OFD locks: the kernel
// drops them when the process dies, even if it is a zombie, and a forked child does not inherit them.
// Any close() of that file by the process drops them too, so it is opened once and never closed.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "os/result.h"

namespace forkyard::os {

namespace internal {
inline struct flock ByteLock(short type, uint64_t byte) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = 1;
  return lock;
}
}  // namespace internal

inline Result<void> LockByte(int fd, uint64_t byte) {
  struct flock lock = internal::ByteLock(F_WRLCK, byte);
  if (fcntl(fd, F_SETLK, &lock) != 0) return LastError("fcntl(F_SETLK)");
  return {};
}

inline Result<void> UnlockByte(int fd, uint64_t byte) {
  struct flock lock = internal::ByteLock(F_UNLCK, byte);
  if (fcntl(fd, F_SETLK, &lock) != 0) return LastError("fcntl(F_SETLK)");
  return {};
}

// Whether another process holds the byte. A process never sees its own locks here.
inline Result<bool> ByteHeldByOther(int fd, uint64_t byte) {
  struct flock lock = internal::ByteLock(F_WRLCK, byte);
  if (fcntl(fd, F_GETLK, &lock) != 0) return LastError("fcntl(F_GETLK)");
  return lock.l_type != F_UNLCK;
}

}  // namespace forkyard::os
