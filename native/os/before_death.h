// The last moment of a process that the terminal or a supervisor is about to end by a signal.
#pragma once

namespace forkyard::os {

// From now on `act` is called when SIGHUP, SIGINT or SIGTERM is about to end this process; then that happens. It is called in a
// signal handler, so it may do only what signal-safety(7) allows. Whoever handles the signal, or will, or ignores it, decides
// for himself whether it is the end: then nothing is called here. Once in a process.
void BeforeDeathBySignal(void (*act)());

}  // namespace forkyard::os
