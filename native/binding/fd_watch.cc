// See fd_watch.h.
#include "binding/fd_watch.h"

#include "binding/call_back.h"
#include "binding/error.h"

namespace forkyard {

FdWatch::FdWatch(Napi::Env env, int fd, Napi::Function on_readable) : env_(env) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env_, &loop);
  auto handle = std::make_unique<Handle>();
  if (int failed = uv_poll_init(loop, &handle->poll, fd); failed != 0) {
    throw SystemError(env_, os::Error{-failed, "uv_poll_init"}, "watch a descriptor");
  }
  handle->fd.reset(fd);
  handle_ = handle.release();
  handle_->watch = this;
  handle_->poll.data = handle_;
  on_readable_ = Napi::Persistent(on_readable);
  context_ = std::make_shared<Napi::AsyncContext>(env_, "forkyard:watch");
  uv_poll_start(&handle_->poll, UV_READABLE,
                [](uv_poll_t* poll, int, int) { static_cast<Handle*>(poll->data)->watch->OnReadable(); });
  uv_unref(Loops());
  napi_add_async_cleanup_hook(
      env_,
      [](napi_async_cleanup_hook_handle, void* data) {
        FdWatch* watch = static_cast<Handle*>(data)->watch;
        if (watch != nullptr) watch->Stop();
      },
      handle_, &handle_->cleanup);
}

void FdWatch::Pause() {
  if (handle_ != nullptr) uv_poll_stop(&handle_->poll);
}

void FdWatch::Stop() {
  if (handle_ == nullptr) return;
  uv_poll_stop(&handle_->poll);
  handle_->watch = nullptr;
  uv_close(Loops(), [](uv_handle_t* closed) {
    std::unique_ptr<Handle> handle(static_cast<Handle*>(closed->data));
    napi_remove_async_cleanup_hook(handle->cleanup);
  });
  // The loop no longer looks at it.
  handle_->fd.reset();
  handle_ = nullptr;
  on_readable_.Reset();
  context_.reset();
}

void FdWatch::KeepLoopAlive(bool alive) {
  if (handle_ == nullptr) return;
  if (alive) {
    uv_ref(Loops());
  } else {
    uv_unref(Loops());
  }
}

void FdWatch::OnReadable() {
  Napi::HandleScope scope(env_);
  const std::shared_ptr<Napi::AsyncContext> context = context_;
  CallBack(env_, *context, on_readable_.Value());
}

}  // namespace forkyard
