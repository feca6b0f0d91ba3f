// See spare.h.
#include "forking/spare.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "forking/messages.h"
#include "os/fd_passing.h"
#include "os/process_identity.h"
#include "os/socket_pair.h"
#include "shared/crash_point.h"

namespace forkyard {
namespace {

// For whoever looks at the processes of the machine.
constexpr const char* kSpareName = "forkyard-spare";
char name_of_child[16];

}  // namespace

bool Spare::Make() {
  auto pair = os::MakeSocketPair(SOCK_SEQPACKET);
  if (!pair) return false;
  ours_ = std::move(pair.value().first);
  theirs_ = std::move(pair.value().second);
  // The client does not wait for it.
  fcntl(ours_.get(), F_SETFL, O_NONBLOCK);
  const pid_t server = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    // Stopped, it would not notice that its server is gone.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != server) _exit(0);
    prctl(PR_GET_NAME, name_of_child);
    prctl(PR_SET_NAME, kSpareName);
    ours_.reset();
    return true;
  }
  theirs_.reset();
  if (pid_ < 0) Forget();
  return false;
}

void Spare::Offer(int spares) {
  const ForkReply offer{ForkReplyKind::kSpare, 0, pid_};
  if (os::Result<os::UniqueFd> pidfd = os::OpenPidfd(pid_)) {
    const std::array fds = {pidfd.value().get(), ours_.get()};
    (void)os::SendWithFds(spares, fds, {reinterpret_cast<const uint8_t*>(&offer), sizeof(offer)}).ok();
  }
  ours_.reset();
}

void Spare::Taken() {
  pid_ = -1;
  wasted_ = 0;
}

void Spare::Forget() {
  pid_ = -1;
  ours_.reset();
  wasted_++;
}

SpareDuty AwaitDuty(int request, const ServerSignals& signals) {
  // Not a vector: whole pages of zeroes, which nobody wants.
  auto packet = std::make_unique_for_overwrite<uint8_t[]>(kMaxForkPacket);
  pollfd asked{request, POLLIN, 0};
  while (poll(&asked, 1, -1) < 0 && errno == EINTR) {
  }
  signals.DropPending();
  os::Result<os::ReceivedMessage> received = os::ReceiveWithFds(request, {packet.get(), kMaxForkPacket});
  if (!received || received.value().size == 0) _exit(0);
  CrashPoint(CrashPointId::kSpareAsked);
  prctl(PR_SET_NAME, name_of_child);
  // From here on it outlives its server, and signals stay: whoever asked may know the pid.
  prctl(PR_SET_PDEATHSIG, 0);
  CrashPoint(CrashPointId::kSpareBegins);
  return {{packet.get(), packet.get() + received.value().size}, std::move(received.value().fds)};
}

}  // namespace forkyard
