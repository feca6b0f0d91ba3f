// A pipe that is never written: its writer's death kills every process that attached to the read end.
// PR_SET_PDEATHSIG will not do: it follows the parent thread, and only the direct parent.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "os/fd.h"
#include "os/result.h"

namespace forkyard::os {

struct Lifeline {
  UniqueFd read_end;   // given to descendants
  UniqueFd write_end;  // kept by one process alone, close-on-exec
};

inline Result<Lifeline> CreateLifeline() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return LastError("pipe2");
  return Lifeline{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// From now on the kernel sends SIGKILL to this process when the last writer is gone: busy, sleeping or stopped.
// The inherited read end shares its file description, and so its owner, with the siblings: opening it anew through
// /proc gives a description of our own. The poll afterwards covers a writer that died before F_SETOWN.
inline Result<UniqueFd> AttachLifeline(int inherited_read_end) {
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/self/fd/%d", inherited_read_end);
  UniqueFd fd(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return LastError("open(/proc/self/fd)");
  if (fcntl(fd.get(), F_SETOWN, getpid()) != 0) return LastError("fcntl(F_SETOWN)");
  if (fcntl(fd.get(), F_SETSIG, SIGKILL) != 0) return LastError("fcntl(F_SETSIG)");
  int flags = fcntl(fd.get(), F_GETFL);
  if (flags < 0 || fcntl(fd.get(), F_SETFL, flags | O_ASYNC) != 0) return LastError("fcntl(O_ASYNC)");
  pollfd hangup{fd.get(), 0, 0};
  if (poll(&hangup, 1, 0) == 1 && (hangup.revents & POLLHUP) != 0) kill(getpid(), SIGKILL);
  return fd;
}

}  // namespace forkyard::os
