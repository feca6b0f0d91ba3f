// See worker_signals.h.
#include "os/worker_signals.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace forkyard::os {
namespace {

struct Ending {
  int signal;
  struct sigaction before;
};
std::array<Ending, 3> endings = {{{SIGHUP, {}}, {SIGINT, {}}, {SIGTERM, {}}}};
pid_t owner_pid = 0;

void OnSignal(int signal, siginfo_t* info, void*) {
  if (signal == SIGINT || (info->si_pid != owner_pid && info->si_pid != getpid())) return;
  const int error = errno;
  for (const Ending& ending : endings) {
    if (ending.signal == signal) sigaction(signal, &ending.before, nullptr);
  }
  // It is delivered when this handler returns.
  raise(signal);
  errno = error;
}

}  // namespace

void HeedOnly(pid_t owner) {
  owner_pid = owner;
  struct sigaction action = {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  for (Ending& ending : endings) {
    if (sigaction(ending.signal, nullptr, &ending.before) != 0) continue;
    // Node's own, which tidies up the terminal and then ends, is one that is called once; libuv's, for the program's, is not.
    const bool is_default = (ending.before.sa_flags & SA_SIGINFO) == 0 && ending.before.sa_handler == SIG_DFL;
    const bool is_called_once = (ending.before.sa_flags & SA_RESETHAND) != 0;
    if (is_default || is_called_once) sigaction(ending.signal, &action, nullptr);
  }
  // A program that it starts has the defaults again: Node sees to that.
  signal(SIGTTIN, SIG_IGN);
  signal(SIGTTOU, SIG_IGN);
}

}  // namespace forkyard::os
