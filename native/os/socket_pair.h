// Two connected sockets: packets for requests that carry descriptors, streams for the standard streams of a child.
#pragma once

#include <sys/socket.h>

#include <utility>

#include "os/fd.h"
#include "os/result.h"

namespace forkyard::os {

// `type`: SOCK_SEQPACKET or SOCK_STREAM, with SOCK_NONBLOCK if wanted. Close-on-exec.
inline Result<std::pair<UniqueFd, UniqueFd>> MakeSocketPair(int type) {
  int ends[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) return LastError("socketpair");
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

}  // namespace forkyard::os
