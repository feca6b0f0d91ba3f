// See semaphore_wait.h. What reaches the event loop is let go of before the environment is gone: Node destroys it then,
// whoever may still be about to use it.
#include "binding/semaphore_wait.h"

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include "binding/error.h"
#include "os/blocked_signals.h"
#include "os/clock.h"

namespace forkyard {
namespace {

constexpr uint64_t kFirstPauseNs = 10'000'000;
constexpr uint64_t kLongestPauseNs = 1'000'000'000;

}  // namespace

std::shared_ptr<SemaphoreWait> SemaphoreWait::Start(Napi::Env env, std::shared_ptr<os::NamedSemaphore> semaphore,
                                                    Napi::Function on_end) {
  std::shared_ptr<SemaphoreWait> wait(new SemaphoreWait(env, std::move(semaphore)));
  wait->OpenLoop(on_end);
  try {
    // Signals are for the threads of Node.
    const os::BlockedSignals blocked;
    std::thread([wait] { wait->Run(); }).detach();
  } catch (const std::system_error& refused) {
    wait->LeaveLoop();
    throw SystemError(env, os::Error{refused.code().value(), "pthread_create"}, "wait for the semaphore");
  }
  return wait;
}

void SemaphoreWait::OpenLoop(Napi::Function on_end) {
  const Napi::String name = Napi::String::New(env_, "forkyard:semaphore");
  auto hold = std::make_unique<std::shared_ptr<SemaphoreWait>>(shared_from_this());
  const auto forget = [](napi_env env, void* held, void*) {
    napi_remove_env_cleanup_hook(env, OnEnvironmentEnd, held);
    delete static_cast<std::shared_ptr<SemaphoreWait>*>(held);
  };
  if (napi_create_threadsafe_function(env_, on_end, nullptr, name, 0, 1, hold.get(), forget, nullptr, CallBack,
                                      &loop_) != napi_ok) {
    throw Napi::Error::New(env_, "cannot wait for the semaphore: this environment is about to end");
  }
  napi_add_env_cleanup_hook(env_, OnEnvironmentEnd, hold.release());
}

// Hooks run in the reverse order of their making, so Node's own for `loop_` comes after it.
void SemaphoreWait::OnEnvironmentEnd(void* hold) { (*static_cast<std::shared_ptr<SemaphoreWait>*>(hold))->LeaveLoop(); }

void SemaphoreWait::Forgo() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (state_ != State::kWanted) return;
  state_ = State::kForgone;
  napi_unref_threadsafe_function(env_, loop_);
}

bool SemaphoreWait::Resume() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (state_ == State::kWanted) return true;
  if (state_ != State::kForgone || loop_ == nullptr) return false;
  state_ = State::kWanted;
  napi_ref_threadsafe_function(env_, loop_);
  return true;
}

void SemaphoreWait::LeaveLoop() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (state_ == State::kWanted) state_ = State::kForgone;
  if (loop_ != nullptr) napi_release_threadsafe_function(std::exchange(loop_, nullptr), napi_tsfn_abort);
}

void SemaphoreWait::Run() {
  for (uint64_t pause_ns = kFirstPauseNs;; pause_ns = std::min(2 * pause_ns, kLongestPauseNs)) {
    const os::Result<bool> taken = semaphore_->WaitUntil(os::MonotonicNs() + pause_ns);
    const bool has_permit = taken.ok() && taken.value();
    if (End(has_permit, !taken.ok())) return;
  }
}

// Whether this was the end: there is an outcome, or nobody waits for one.
bool SemaphoreWait::End(bool has_permit, bool failed) {
  std::lock_guard<std::mutex> lock(mutex_);
  const bool is_wanted = state_ == State::kWanted;
  if (is_wanted && !has_permit && !failed) return false;
  state_ = State::kEnded;
  const bool is_told = is_wanted && Tell(has_permit);
  if (has_permit && !is_told) (void)semaphore_->Post();
  if (loop_ != nullptr) napi_release_threadsafe_function(std::exchange(loop_, nullptr), napi_tsfn_release);
  return true;
}

bool SemaphoreWait::Tell(bool has_permit) {
  auto outcome = std::make_unique<Outcome>(Outcome{semaphore_, has_permit});
  if (napi_call_threadsafe_function(loop_, outcome.get(), napi_tsfn_nonblocking) != napi_ok) return false;
  outcome.release();
  return true;
}

// Without an environment where it ended before the call came.
void SemaphoreWait::CallBack(napi_env env, napi_value on_end, void*, void* data) {
  const std::unique_ptr<Outcome> outcome(static_cast<Outcome*>(data));
  napi_value argument = nullptr;
  napi_value global = nullptr;
  napi_value accepted = nullptr;
  bool is_accepted = false;
  if (env != nullptr && on_end != nullptr && napi_get_boolean(env, outcome->taken, &argument) == napi_ok &&
      napi_get_global(env, &global) == napi_ok &&
      napi_call_function(env, global, on_end, 1, &argument, &accepted) == napi_ok) {
    (void)napi_get_value_bool(env, accepted, &is_accepted);
  }
  if (outcome->taken && !is_accepted) (void)outcome->semaphore->Post();
}

}  // namespace forkyard
