// A copy that a server makes before anybody asks for it: forking and copying the pages that every child writes to take
// longer than all the rest of a start.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "os/fd.h"
#include "os/result.h"

namespace forkyard {

// What a copy has of the connection: where its request comes from, and an eventfd for its answer. (Not the socket: who is
// woken by a socket is run on the processor of who writes to it, in whose place.)
struct SpareEnd {
  os::UniqueFd request;
  os::UniqueFd answer;
};

// In the server.
class Spare {
 public:
  bool exists() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }

  // Forks. True in the copy, which goes on with SpareLife; there `TakeEnd()` is its end of a connection to the server.
  // In the server there may be none afterwards, if the system has no process for it.
  bool Make();
  SpareEnd TakeEnd() { return {std::move(theirs_), std::move(answer_)}; }

  // Gives it a request, and with that it is a spare no longer: true. False, and it is gone: it was dead, stopped, or did
  // not answer; it has not begun with the request.
  bool HandOver(std::span<const int> fds, std::span<const uint8_t> packet);

  // Ends it, if there is one.
  void Drop();

  // It was found dead.
  void Forget();

  // So many in a row have come to nothing that it is not worth while.
  bool is_hopeless() const { return wasted_ >= kMostWasted; }

 private:
  static constexpr int kMostWasted = 5;

  bool IsAtWork() const;
  bool IsAnswered(int patience_ms) const;

  pid_t pid_ = -1;
  int wasted_ = 0;
  os::UniqueFd ours_;
  os::UniqueFd theirs_;
  os::UniqueFd answer_;
};

// In the copy: waits for a request, and does not return if the server is gone. From its return on the caller is what the
// request asks for; signals in `letting_go_by`, which are blocked and ignored, go by until then and stay pending from then on.
struct SpareDuty {
  std::vector<uint8_t> packet;
  std::vector<os::UniqueFd> fds;
};
SpareDuty AwaitDuty(const SpareEnd& end, const sigset_t& letting_go_by);

}  // namespace forkyard
