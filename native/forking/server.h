// The fork server: a process of one thread that answers each request with a copy of itself. What the copies are for, and
// how a JavaScript engine survives being copied, is not known here. README.md has the protocol.
#pragma once

#include <functional>
#include <optional>

#include "forking/forked_copy.h"
#include "os/result.h"

namespace forkyard {

// This server's ends of two connections with its client, both of packets.
struct ServerSockets {
  int control;
  int spares;  // where it offers spares; read by the client when it wants one
};

// What a server has others do.
struct ServerHooks {
  // Makes a copy a process of its own: called in each, first of all. Where it fails, so does the copy.
  std::function<os::Result<void>()> settle;
  // What makes later copies better, a millisecond of it at a time: called while nobody asks, as long as it returns true.
  std::function<bool()> improve;
};

// Announces itself on the control socket and serves until the client is gone: then nothing is returned. While it serves,
// signals of the terminal and SIGTERM do not end it; a child has them as they were before the call.
os::Result<std::optional<ForkedCopy>> ServeForks(const ServerSockets& sockets, const ServerHooks& hooks);

}  // namespace forkyard
