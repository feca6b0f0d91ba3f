// What V8 gives to the threads of Node's platform (jobs of the garbage collector, compilation of WebAssembly). In a forked
// copy of the process these threads do not exist, and Node would wait for ever, at the end of each event loop, for tasks
// that nobody takes. A copy has a thread of its own instead, made when there is something for it.
#pragma once

#include <napi.h>

namespace forkyard {

// Finds the platform's methods. False: this Node is built otherwise, and cannot be forked.
bool FindWorkerTasks(Napi::Env env);

// In the server, before it forks: waits until the platform's threads have nothing to do. False: they do not come to rest.
[[nodiscard]] bool FinishWorkerTasks();

// In a copy, before JavaScript runs.
void TakeOverWorkerTasks();

}  // namespace forkyard
