// See bind_watch.h.
#include "binding/bind_watch.h"

#include <memory>

#include "binding/arguments.h"
#include "binding/fd_watch.h"

namespace forkyard {
namespace {

// watchFd(fd, onReadable): a watch, which keeps no event loop alive. The descriptor is its own from now on.
Napi::Value Watch(const Napi::CallbackInfo& info) {
  auto watch = std::make_unique<FdWatch>(info.Env(), Int32Argument(info, 0), info[1].As<Napi::Function>());
  return Napi::External<FdWatch>::New(info.Env(), watch.release(), [](Napi::Env, FdWatch* gone) { delete gone; });
}

FdWatch& WatchArgument(const Napi::CallbackInfo& info) { return *info[0].As<Napi::External<FdWatch>>().Data(); }

void PauseWatch(const Napi::CallbackInfo& info) { WatchArgument(info).Pause(); }

void StopWatch(const Napi::CallbackInfo& info) { WatchArgument(info).Stop(); }

void KeepWatchAlive(const Napi::CallbackInfo& info) { WatchArgument(info).KeepLoopAlive(info[1].As<Napi::Boolean>()); }

}  // namespace

void BindWatch(Napi::Env env, Napi::Object exports) {
  exports.Set("watchFd", Napi::Function::New(env, Watch));
  exports.Set("pauseWatch", Napi::Function::New(env, PauseWatch));
  exports.Set("stopWatch", Napi::Function::New(env, StopWatch));
  exports.Set("keepWatchAlive", Napi::Function::New(env, KeepWatchAlive));
}

}  // namespace forkyard
