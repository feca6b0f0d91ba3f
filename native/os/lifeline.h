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

// The same read end as a file description of its own: the kernel notifies one owner for each.
inline Result<UniqueFd> ReopenLifeline(int read_end) {
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/self/fd/%d", read_end);
  UniqueFd fd(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return LastError("open(/proc/self/fd)");
  return fd;
}

// From now on the kernel sends SIGKILL to `pid` (negative: to that group of processes) when the last writer is gone, be it busy, asleep or stopped. The parent
// does so for its child, through a description that both have: a child that is stopped before its first instruction
// must not outlive the root.
inline Result<void> ArmLifeline(int read_end, pid_t pid) {
  if (fcntl(read_end, F_SETOWN, pid) != 0) return LastError("fcntl(F_SETOWN)");
  if (fcntl(read_end, F_SETSIG, SIGKILL) != 0) return LastError("fcntl(F_SETSIG)");
  int flags = fcntl(read_end, F_GETFL);
  if (flags < 0 || fcntl(read_end, F_SETFL, flags | O_ASYNC) != 0) return LastError("fcntl(O_ASYNC)");
  return {};
}

// What a child does first: its parent may have died before it could arm, and the writer before that. `read_end` must be
// a description of this process alone.
inline Result<void> AttachLifeline(int read_end) {
  if (Result<void> armed = ArmLifeline(read_end, getpid()); !armed) return armed;
  pollfd hangup{read_end, 0, 0};
  if (poll(&hangup, 1, 0) == 1 && (hangup.revents & POLLHUP) != 0) kill(getpid(), SIGKILL);
  return {};
}

}  // namespace forkyard::os
