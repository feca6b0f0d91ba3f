// Which process a pid means: start time against reuse of the number, pidfd to hold on to it. Linux 5.3 or later.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "os/fd.h"
#include "os/result.h"

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

namespace forkyard::os {

// Field 22 of /proc/PID/stat, in clock ticks since boot. The name in field 2 may contain spaces and parentheses,
// so the fields are counted from the last ')'.
inline Result<uint64_t> ProcessStartTime(pid_t pid) {
  char path[40];
  std::snprintf(path, sizeof(path), "/proc/%d/stat", static_cast<int>(pid));
  UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return LastError("open(/proc/PID/stat)");
  char text[1024];
  ssize_t size = read(fd.get(), text, sizeof(text) - 1);
  if (size <= 0) return size == 0 ? Error{ESRCH, "read(/proc/PID/stat)"} : LastError("read(/proc/PID/stat)");
  text[size] = '\0';
  const char* field = std::strrchr(text, ')');
  for (int number = 2; field != nullptr && number < 22; number++) {
    field = std::strchr(field + 1, ' ');
  }
  if (field == nullptr) return Error{EINVAL, "parse(/proc/PID/stat)"};
  return static_cast<uint64_t>(std::strtoull(field + 1, nullptr, 10));
}

// ESRCH where /proc shows another PID namespace (unshare without --mount-proc): each number in it is somebody else's.
inline Result<void> CheckProc() {
  char own[16];
  const ssize_t size = readlink("/proc/self", own, sizeof(own) - 1);
  if (size < 0) return LastError("readlink(/proc/self)");
  own[size] = '\0';
  if (std::strtol(own, nullptr, 10) != getpid()) return Error{ESRCH, "readlink(/proc/self)"};
  return {};
}

inline Result<UniqueFd> OpenPidfd(pid_t pid) {
  int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return LastError("pidfd_open");
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return UniqueFd(fd);
}

inline Result<void> SignalPidfd(int pidfd, int signal) {
  if (syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) != 0) return LastError("pidfd_send_signal");
  return {};
}

// A pidfd is readable once its process has ended, reaped or not.
inline Result<bool> PidfdEnded(int pidfd, int timeout_ms) {
  pollfd ended{pidfd, POLLIN, 0};
  int count = poll(&ended, 1, timeout_ms);
  if (count < 0 && errno != EINTR) return LastError("poll(pidfd)");
  return count > 0;
}

}  // namespace forkyard::os
