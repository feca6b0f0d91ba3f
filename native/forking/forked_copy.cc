// See forked_copy.h.
#include "forking/forked_copy.h"

#include <unistd.h>

#include <cerrno>

#include "forking/spare.h"
#include "os/inherited.h"

namespace forkyard {

os::Result<ForkedChild> ForkedCopy::Become() {
  if (is_spare()) {
    if (os::Result<void> asked = AwaitRequest(); !asked) return asked.error();
  }
  for (int stream = 0; stream < 3; stream++) dup2(fds_[stream].get(), stream);
  (void)!fchdir(fds_[3].get());  // checked by the client, which opened it
  os::Inherit(request_.inherited);
  ForkedChild child{std::move(request_.invitation), {}};
  for (size_t i = kFixedRequestFds; i < fds_.size(); i++) child.lifelines.push_back(fds_[i].release());
  fds_.clear();
  signals_.GiveBack();
  return child;
}

os::Result<void> ForkedCopy::AwaitRequest() {
  SpareDuty duty = AwaitDuty(asked_.get(), signals_);
  asked_.reset();
  os::Result<ForkRequest> request = DecodeForkRequest(duty.packet);
  if (!request) return request.error();
  if (duty.fds.size() < kFixedRequestFds) return os::Error{EBADMSG, "recvmsg"};
  request_ = request.take();
  fds_ = std::move(duty.fds);
  return {};
}

}  // namespace forkyard
