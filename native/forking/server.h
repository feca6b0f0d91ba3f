// The fork server: a process of one thread that answers each request with a copy of itself. What the copies are for, and
// how a JavaScript engine survives being copied, is not known here. README.md has the protocol.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "os/result.h"

namespace forkyard {

// Who returns from ServeForks: one of the copies. Its standard streams, working directory, umask, priority and affinity
// are those of the request.
struct ForkedChild {
  std::string invitation;
  std::vector<int> lifelines;  // descriptions shared with nobody but the server, which has armed them
};

// Makes a copy a process of its own: called in each, first of all. Where it fails, so does the copy.
using Settle = std::function<os::Result<void>()>;

// Announces itself on `control` and serves until the client is gone: then nothing is returned. While it serves, signals
// of the terminal and SIGTERM do not end it; a child has them as they were before the call.
os::Result<std::optional<ForkedChild>> ServeForks(int control, const Settle& settle);

}  // namespace forkyard
