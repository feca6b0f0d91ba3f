// A copy of a fork server, from its first moment to the request that says what it is to be.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "forking/messages.h"
#include "forking/server_signals.h"
#include "os/fd.h"
#include "os/result.h"

namespace forkyard {

// What a copy has become. Its standard streams, working directory, umask, priority and affinity are those of the request.
struct ForkedChild {
  std::string invitation;
  std::vector<int> lifelines;  // descriptions shared with nobody but the server or client, who has armed them
};

class ForkedCopy {
 public:
  // A spare, and where it is asked: it has time until then.
  ForkedCopy(ServerSignals signals, os::UniqueFd asked) : signals_(std::move(signals)), asked_(std::move(asked)) {}
  // Made for a request.
  ForkedCopy(ServerSignals signals, ForkRequest request, std::vector<os::UniqueFd> fds)
      : signals_(std::move(signals)), request_(std::move(request)), fds_(std::move(fds)) {}

  bool is_spare() const { return asked_.valid(); }

  // Once. A spare waits for its request, and does not return if none comes.
  os::Result<ForkedChild> Become();

 private:
  os::Result<void> AwaitRequest();

  ServerSignals signals_;
  os::UniqueFd asked_;
  ForkRequest request_;
  std::vector<os::UniqueFd> fds_;
};

}  // namespace forkyard
