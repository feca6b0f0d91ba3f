// How a forked copy of a Node process ends. Node's own way joins threads that the copy does not have: it would hang, or
// abort. What is lost with it (C++ destructors and atexit handlers of other addons) is documented.
#pragma once

#include <napi.h>

namespace forkyard {

// Whether this Node can be told (node::SetProcessExitHandler).
bool CanReplaceProcessExit();

// From now on the process ends by _exit, once JavaScript has said its last: on process.exit(), an uncaught error, and when
// the event loop is empty.
void ReplaceProcessExit(Napi::Env env);

// Ends the process that way now.
[[noreturn]] void EndProcess(int code);

// With which code the process ends should its event loop be empty: what 'exit' listeners made of it.
void SetExitCode(int code);

}  // namespace forkyard
