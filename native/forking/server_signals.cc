// See server_signals.h.
#include "forking/server_signals.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace forkyard {
namespace {

// Rung by the handler of SIGCHLD, on whichever thread it runs. A signalfd will not do: of a signal that one thread blocks
// and another does not, the other takes it.
int child_ended = -1;

void OnChildEnded(int) {
  const int saved = errno;
  const uint64_t one = 1;
  (void)!write(child_ended, &one, sizeof(one));
  errno = saved;
}

}  // namespace

os::Result<void> ServerSignals::Take() {
  ended_.reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!ended_.valid()) return os::LastError("eventfd");
  child_ended = ended_.get();
  sigemptyset(&mask_);
  for (int signal : kClientsSignals) sigaddset(&mask_, signal);
  if (sigprocmask(SIG_BLOCK, &mask_, &old_mask_) != 0) return os::LastError("sigprocmask");
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  for (size_t i = 0; i < kClientsSignals.size(); i++) sigaction(kClientsSignals[i], &action, &old_actions_[i]);
  action.sa_handler = OnChildEnded;
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  sigaction(SIGCHLD, &action, &old_on_child_);
  return {};
}

void ServerSignals::DropPending() const {
  const timespec now{};
  while (sigtimedwait(&mask_, nullptr, &now) > 0 || errno == EINTR) {
  }
}

void ServerSignals::GiveBack() {
  sigaction(SIGCHLD, &old_on_child_, nullptr);
  for (size_t i = 0; i < kClientsSignals.size(); i++) sigaction(kClientsSignals[i], &old_actions_[i], nullptr);
  sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
  ended_.reset();
}

}  // namespace forkyard
