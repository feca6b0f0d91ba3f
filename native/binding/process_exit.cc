// See process_exit.h. Of Node's C++ interface only two functions are used here, both unchanged from Node 20 to 25; Node-API
// has no counterpart.
#include "binding/process_exit.h"

#include <dlfcn.h>
#include <node.h>
#include <unistd.h>

#include <cstdio>

namespace forkyard {
namespace {

int exit_code = 0;

}  // namespace

void EndProcess(int code) {
  fflush(nullptr);
  _exit(code);
}

bool CanReplaceProcessExit() {
  constexpr const char* kNeeded[] = {
      "_ZN4node21SetProcessExitHandlerEPNS_11EnvironmentEOSt8functionIFvS1_iEE",
      "_ZN4node21GetCurrentEnvironmentEN2v85LocalINS0_7ContextEEE",
  };
  for (const char* symbol : kNeeded) {
    if (dlsym(RTLD_DEFAULT, symbol) == nullptr) return false;
  }
  return true;
}

void ReplaceProcessExit(Napi::Env env) {
  v8::Local<v8::Context> context = v8::Isolate::GetCurrent()->GetCurrentContext();
  node::SetProcessExitHandler(node::GetCurrentEnvironment(context), [](node::Environment*, int code) { EndProcess(code); });
  // Hooks run from the youngest to the oldest: those of the family, which is joined later, have run by then.
  napi_add_env_cleanup_hook(env, [](void*) { EndProcess(exit_code); }, nullptr);
}

void SetExitCode(int code) { exit_code = code; }

}  // namespace forkyard
