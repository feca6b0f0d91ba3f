// FdWatch: a callback on the event loop for a descriptor that has become readable.
#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>

#include "os/fd.h"

namespace forkyard {

class FdWatch {
 public:
  // Throws if the event loop cannot watch such a descriptor, which then is still the caller's; else it is the watch's. Does
  // not keep the loop alive.
  FdWatch(Napi::Env env, int fd, Napi::Function on_readable);
  ~FdWatch() { Stop(); }
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  // No callback follows.
  void Pause();
  // The same, and the descriptor is closed; also when the environment ends.
  void Stop();
  void KeepLoopAlive(bool alive);

 private:
  // What the event loop has: it outlives the watch until the loop has let go of it, and the environment waits for that.
  struct Handle {
    uv_poll_t poll;
    os::UniqueFd fd;
    FdWatch* watch = nullptr;
    napi_async_cleanup_hook_handle cleanup = nullptr;
  };

  uv_handle_t* Loops() { return reinterpret_cast<uv_handle_t*>(&handle_->poll); }
  void OnReadable();

  Napi::Env env_;
  Handle* handle_ = nullptr;
  Napi::FunctionReference on_readable_;
  // Shared with the callback that runs: it may stop the watch.
  std::shared_ptr<Napi::AsyncContext> context_;
};

}  // namespace forkyard
