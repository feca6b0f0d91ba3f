// Writing to a descriptor that does not block: what is to happen when the reader is slow.
#pragma once

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <span>

namespace forkyard::os {

enum class WhenFull : int {
  kReturn = 0,
  kWaitUntilSignal = 1,  // a handler in the event loop has its turn only after the return
  kWait = 2,
};

// Whether there is room, at the latest now: in a pipe, for PIPE_BUF bytes.
inline bool AwaitRoom(int fd, WhenFull when_full) {
  pollfd room{fd, POLLOUT, 0};
  for (;;) {
    if (poll(&room, 1, -1) >= 0) return true;
    if (errno != EINTR || when_full != WhenFull::kWait) return false;
  }
}

// How many bytes were written: fewer than all if it is full and that is not waited for, or if it failed. The next write tells why.
inline size_t WriteOut(int fd, std::span<const uint8_t> bytes, WhenFull when_full) {
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = write(fd, bytes.data() + written, bytes.size() - written);
    if (count >= 0) {
      written += static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      if (when_full == WhenFull::kReturn || !AwaitRoom(fd, when_full)) break;
    } else if (errno != EINTR || when_full != WhenFull::kWait) {
      break;
    }
  }
  return written;
}

// From now on these end the process, whatever handlers there were: its event loop has had its last turn.
inline void LetSignalsEnd() {
  for (int signal : {SIGHUP, SIGINT, SIGTERM}) ::signal(signal, SIG_DFL);
}

}  // namespace forkyard::os
