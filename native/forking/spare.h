// A copy that a server makes before anybody asks for it: forking and copying the pages that every child writes to take
// longer than all the rest of a start.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "os/fd.h"
#include "os/mapping.h"
#include "os/result.h"

namespace forkyard {

// Who has a request that was handed over: decided once, in memory that both share, by compare-and-swap.
enum class DutyOwner : uint32_t { kUndecided, kCopy, kServer };
static_assert(std::atomic<DutyOwner>::is_always_lock_free);

// What a copy has of the connection: where its request comes from, and an eventfd to ring when it has taken it. (Not the
// socket: who is woken by a socket is run on the processor of who writes to it, in whose place.)
struct SpareEnd {
  os::UniqueFd request;
  os::UniqueFd bell;
  std::atomic<DutyOwner>* owner;
};

// In the server.
class Spare {
 public:
  bool exists() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }

  // Forks. True in the copy, which goes on with AwaitDuty and what TakeEnd gives. In the server there may be none
  // afterwards, if the system has no process, descriptor or memory for it.
  bool Make();
  SpareEnd TakeEnd() { return {std::move(theirs_), std::move(bell_), &owner()}; }

  // Gives it a request, and with that it is a spare no longer: true. False, and it is gone: it was dead, stopped, or has not
  // taken the request for a second, and will not.
  bool HandOver(std::span<const int> fds, std::span<const uint8_t> packet);

  // It was found dead, and is reaped.
  void Forget();

  // So many in a row have come to nothing that it is not worth while.
  bool is_hopeless() const { return wasted_ >= kMostWasted; }

 private:
  static constexpr int kMostWasted = 5;

  std::atomic<DutyOwner>& owner() const { return *reinterpret_cast<std::atomic<DutyOwner>*>(shared_.data()); }
  bool IsAtWork() const;
  void WaitUntilTaken() const;
  void Leave();

  pid_t pid_ = -1;
  int wasted_ = 0;
  os::UniqueFd ours_;
  os::UniqueFd theirs_;
  os::UniqueFd bell_;
  os::Mapping shared_;
};

// In the copy: waits for a request, and does not return if the server is gone or has taken the request back. From its
// return on the caller is what the request asks for; signals in `letting_go_by`, which are blocked and ignored, go by until
// then and stay pending from then on.
struct SpareDuty {
  std::vector<uint8_t> packet;
  std::vector<os::UniqueFd> fds;
};
SpareDuty AwaitDuty(const SpareEnd& end, const sigset_t& letting_go_by);

}  // namespace forkyard
