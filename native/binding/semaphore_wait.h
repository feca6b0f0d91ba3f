// SemaphoreWait: a thread that waits for one permit of a named semaphore, so that neither the event loop nor the pool of
// libuv does. Only the system's own functions touch the semaphore, so a wait cannot be cut short: who no longer wants the
// permit says so, and the thread sees it at its next pause, or gives back what it got. How far apart the pauses are grows
// with the wait: a short one leaves a thread for a short time, and a long one wakes up once a second.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <utility>

#include "os/named_semaphore.h"

namespace forkyard {

class SemaphoreWait : public std::enable_shared_from_this<SemaphoreWait> {
 public:
  // `on_end` is called on the event loop: with true if a permit was taken for whoever waits, with false if the system
  // refused the wait. The permit is given back unless it returns true. Keeps the loop alive until then, or until Forgo. Throws if there can be no more threads.
  static std::shared_ptr<SemaphoreWait> Start(Napi::Env env, std::shared_ptr<os::NamedSemaphore> semaphore,
                                              Napi::Function on_end);

  // Nobody wants the permit any more: on_end is not called, unless it is about to be.
  void Forgo();
  // Somebody does, again or still. False: the thread has ended, or is about to.
  bool Resume();

 private:
  enum class State { kWanted, kForgone, kEnded };

  // What is on its way to the event loop.
  struct Outcome {
    std::shared_ptr<os::NamedSemaphore> semaphore;
    bool taken;
  };

  SemaphoreWait(Napi::Env env, std::shared_ptr<os::NamedSemaphore> semaphore)
      : env_(env), semaphore_(std::move(semaphore)) {}
  void OpenLoop(Napi::Function on_end);
  void LeaveLoop();
  void Run();
  bool End(bool has_permit, bool failed);
  bool Tell(bool has_permit);
  static void OnEnvironmentEnd(void* hold);
  static void CallBack(napi_env env, napi_value on_end, void* context, void* data);

  napi_env env_;
  std::shared_ptr<os::NamedSemaphore> semaphore_;
  std::mutex mutex_;  // held for a moment only
  State state_ = State::kWanted;
  napi_threadsafe_function loop_ = nullptr;  // null: the thread, or the environment, has ended
};

}  // namespace forkyard
