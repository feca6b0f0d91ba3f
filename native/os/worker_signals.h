// The signals of a process that works for another one: what the whole group is sent is the owner's to decide.
#pragma once

#include <sys/types.h>

namespace forkyard::os {

// SIGINT is passed over. SIGTERM and SIGHUP end this process if they come from `owner` or itself, and are passed over if they come
// from anybody else: a terminal, a service manager and a platform send them to all processes of a program. A signal that has a handler
// already keeps it, and one that gets a handler later is that handler's.
// SIGTTIN and SIGTTOU are ignored: a process outside of the terminal's group gets an error, and is not stopped.
void HeedOnly(pid_t owner);

}  // namespace forkyard::os
