// The dispositions of a fork server: what the terminal sends to its group is meant for its client, and SIGCHLD rings.
#pragma once

#include <signal.h>

#include <array>

#include "os/fd.h"
#include "os/result.h"

namespace forkyard {

// While it lives, SIGINT, SIGQUIT, SIGHUP and SIGTERM are ignored: the client decides what happens to its children, and its
// end is ours. They are blocked as well, so that one sent to a child before it has its own dispositions back stays pending.
class ServerSignals {
 public:
  os::Result<void> Take();

  // In a child: everything as it was before.
  void GiveBack();

  // Readable when a child has ended.
  int ended() const { return ended_.get(); }

  // Those of the signals above that have come go by.
  void DropPending() const;

 private:
  static constexpr std::array kClientsSignals = {SIGINT, SIGQUIT, SIGHUP, SIGTERM};

  sigset_t mask_{};
  sigset_t old_mask_{};
  struct sigaction old_on_child_ {};
  std::array<struct sigaction, kClientsSignals.size()> old_actions_{};
  os::UniqueFd ended_;
};

}  // namespace forkyard
