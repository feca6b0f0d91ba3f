// A copy that a server makes before anybody asks for it: forking and copying the pages that every child writes to take
// longer than all the rest of a start. It is the client who asks it, on a connection between the two.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "forking/server_signals.h"
#include "os/fd.h"
#include "os/result.h"

namespace forkyard {

// In the server.
class Spare {
 public:
  bool exists() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }

  // Forks. True in the copy, which goes on with AwaitDuty and what TakeEnd gives. In the server there may be none
  // afterwards, if the system has no process, descriptor or memory for it.
  bool Make();
  os::UniqueFd TakeEnd() { return std::move(theirs_); }

  // Tells the client of it, who alone can ask it from then on. Where that fails it ends, as nobody can.
  void Offer(int spares);

  // It has been asked: a child as any other.
  void Taken();

  // It was found dead, and is reaped.
  void Forget();

  // So many in a row have come to nothing that it is not worth while.
  bool is_hopeless() const { return wasted_ >= kMostWasted; }

 private:
  static constexpr int kMostWasted = 5;

  pid_t pid_ = -1;
  int wasted_ = 0;
  os::UniqueFd ours_;
  os::UniqueFd theirs_;
};

// In the copy: waits for a request, and does not return if the client or the server is gone. From its return on the caller
// is what the request asks for; signals that came before go by.
struct SpareDuty {
  std::vector<uint8_t> packet;
  std::vector<os::UniqueFd> fds;
};
SpareDuty AwaitDuty(int request, const ServerSignals& signals);

}  // namespace forkyard
