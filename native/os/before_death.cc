// See before_death.h.
#include "os/before_death.h"

#include <signal.h>

#include <array>
#include <cerrno>

namespace forkyard::os {
namespace {

struct Ending {
  int signal;
  struct sigaction before;
};
std::array<Ending, 3> endings = {{{SIGHUP, {}}, {SIGINT, {}}, {SIGTERM, {}}}};
void (*last_act)() = nullptr;

void OnSignal(int signal) {
  const int error = errno;
  last_act();
  for (const Ending& ending : endings) {
    if (ending.signal == signal) sigaction(signal, &ending.before, nullptr);
  }
  // It is delivered when this handler returns.
  raise(signal);
  errno = error;
}

}  // namespace

void BeforeDeathBySignal(void (*act)()) {
  if (last_act != nullptr) return;
  last_act = act;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  for (Ending& ending : endings) {
    if (sigaction(ending.signal, nullptr, &ending.before) != 0) continue;
    // Node's own, which tidies up the terminal and then ends, is one that is called once; libuv's, for the program's, is not.
    const bool is_default = (ending.before.sa_flags & SA_SIGINFO) == 0 && ending.before.sa_handler == SIG_DFL;
    const bool is_called_once = (ending.before.sa_flags & SA_RESETHAND) != 0;
    if (is_default || is_called_once) sigaction(ending.signal, &action, nullptr);
  }
}

}  // namespace forkyard::os
