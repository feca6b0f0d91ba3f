// See server.h. At each step the server may be killed: README.md tells what the client makes of that.
#include "forking/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <utility>
#include <vector>

#include "forking/messages.h"
#include "forking/server_signals.h"
#include "forking/spare.h"
#include "os/clock.h"
#include "os/fd_passing.h"
#include "os/lifeline.h"
#include "os/priority.h"
#include "os/process_identity.h"
#include "shared/crash_point.h"

namespace forkyard {
namespace {

using Served = os::Result<std::optional<ForkedCopy>>;

// Whoever waits for its first children is not to wait for improvements; who has asked so often asks again.
constexpr int kIdleMs = 50;
constexpr int kManyStarts = 8;
// Where more start at once than there are spares, they need the processors more than the next spare does.
constexpr uint64_t kCrowdNs = 5'000'000;

Served ClientIsGone() { return std::optional<ForkedCopy>(); }

class Server {
 public:
  Server(const ServerSockets& sockets, const ServerHooks& hooks) : sockets_(sockets), hooks_(hooks) {}

  Served Serve();

 private:
  // What comes of a packet. `copy`: this process is one.
  struct Answered {
    bool is_heard = true;  // by a client that is there
    std::optional<ForkedCopy> copy;
  };

  os::Result<Answered> Answer();
  os::Result<Answered> Fork(ForkRequest request, std::vector<os::UniqueFd> fds);
  bool Reply(const ForkReply& reply, std::span<const int> fds = {}) const;
  int SpareDueMs() const;
  bool ReportEnded();
  void BeModest();
  void BecomeCopy() const;

  const ServerSockets sockets_;
  const ServerHooks& hooks_;
  ServerSignals signals_;
  Spare spare_;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(kMaxForkPacket);
  int starts_ = 0;
  uint64_t spare_due_ns_ = 0;
  pid_t last_forked_ = -1;
  bool is_modest_ = false;
};

Served Server::Serve() {
  if (os::Result<void> taken = signals_.Take(); !taken) return taken.error();
  BeModest();
  bool may_improve = true;
  if (!Reply({ForkReplyKind::kServing, 0, 0})) return ClientIsGone();
  for (;;) {
    pollfd events[] = {{sockets_.control, POLLIN, 0}, {signals_.ended(), POLLIN, 0}};
    int patience = SpareDueMs();
    if (patience == 0) {
      // Those who wait come first.
      if (poll(events, 2, 0) == 0) {
        if (spare_.Make()) {
          BecomeCopy();
          return std::optional(ForkedCopy(std::move(signals_), spare_.TakeEnd()));
        }
        CrashPoint(CrashPointId::kSpareMade);
        if (spare_.exists()) spare_.Offer(sockets_.spares);
        CrashPoint(CrashPointId::kSpareOffered);
      }
      patience = -1;
    }
    const bool improves = patience < 0 && may_improve;
    if (improves) patience = starts_ >= kManyStarts ? 0 : kIdleMs;
    const int ready = poll(events, 2, patience);
    if (ready < 0 && errno != EINTR) return os::LastError("poll");
    if (ready == 0 && improves) may_improve = hooks_.improve();
    // First what was asked: that a spare was taken is known then when it has ended.
    if (events[0].revents != 0) {
      os::Result<Answered> answered = Answer();
      if (!answered) return answered.error();
      if (answered.value().copy) return std::move(answered.value().copy);
      if (!answered.value().is_heard) return ClientIsGone();
    }
    if (events[1].revents != 0 && !ReportEnded()) return ClientIsGone();
  }
}

os::Result<Server::Answered> Server::Answer() {
  os::Result<os::ReceivedMessage> received = os::ReceiveWithFds(sockets_.control, buffer_);
  if (!received || received.value().size == 0) return Answered{.is_heard = false, .copy = {}};
  const std::span<const uint8_t> packet = std::span(buffer_).first(received.value().size);
  if (std::optional<SpareTaken> taken = DecodeSpareTaken(packet)) {
    starts_++;
    if (taken->pid == spare_.pid()) spare_.Taken();
    return Answered{};
  }
  std::vector<os::UniqueFd>& fds = received.value().fds;
  os::Result<ForkRequest> request = DecodeForkRequest(packet);
  if (!request || fds.size() < kFixedRequestFds) return os::Error{EBADMSG, "recvmsg"};
  return Fork(request.take(), std::move(fds));
}

os::Result<Server::Answered> Server::Fork(ForkRequest request, std::vector<os::UniqueFd> fds) {
  CrashPoint(CrashPointId::kForkRequested);
  const uint32_t id = request.id;
  const pid_t pid = fork();
  if (pid == 0) {
    BecomeCopy();
    return Answered{.copy = ForkedCopy(std::move(signals_), std::move(request), std::move(fds))};
  }
  if (pid < 0) return Answered{.is_heard = Reply({ForkReplyKind::kNotForked, id, errno}), .copy = {}};
  starts_++;
  if (const uint64_t now = os::MonotonicNs(); spare_due_ns_ <= now) spare_due_ns_ = now + kCrowdNs;
  last_forked_ = pid;
  CrashPoint(CrashPointId::kForked);
  // A child arms its lifelines itself as soon as it can; but it may be stopped before that.
  for (size_t i = kFixedRequestFds; i < fds.size(); i++) (void)os::ArmLifeline(fds[i].get(), pid).ok();
  CrashPoint(CrashPointId::kForkArmed);
  os::Result<os::UniqueFd> pidfd = os::OpenPidfd(pid);
  const int fd = pidfd ? pidfd.value().get() : -1;
  Answered answered{.is_heard = Reply({ForkReplyKind::kForked, id, pid}, {&fd, pidfd ? 1u : 0u}), .copy = {}};
  CrashPoint(CrashPointId::kForkReplied);
  return answered;
}

// In how many milliseconds a spare is to be made; -1: none is.
int Server::SpareDueMs() const {
  if (spare_.exists() || spare_.is_hopeless()) return -1;
  const uint64_t now = os::MonotonicNs();
  return now >= spare_due_ns_ ? 0 : static_cast<int>((spare_due_ns_ - now) / 1'000'000) + 1;
}

// Waits while the client does not read: it is the client's loss alone. False: there is none any more.
bool Server::Reply(const ForkReply& reply, std::span<const int> fds) const {
  return os::SendWithFds(sockets_.control, fds, {reinterpret_cast<const uint8_t*>(&reply), sizeof(reply)}).ok();
}

// A spare is told of as well: the client may have taken it, or is to forget it.
bool Server::ReportEnded() {
  uint64_t sink;
  (void)!read(signals_.ended(), &sink, sizeof(sink));
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == spare_.pid()) spare_.Forget();
    if (pid == last_forked_) spare_due_ns_ = 0;
    if (!Reply({ForkReplyKind::kEnded, static_cast<uint32_t>(pid), status})) return false;
  }
  return true;
}

// Whoever asks for a child may be about to ask for more, and to give the first one something to do: woken, this process waits
// for a processor until there is one to spare, or its turn has come. It does not take that of its client.
void Server::BeModest() {
  const os::Result<os::Scheduler> own = os::GetThreadScheduler(0);
  if (own && own.value().policy == os::kPolicyOther) is_modest_ = os::SetThreadScheduler(0, {os::kPolicyBatch}).ok();
}

// What fails here fails before anybody's code: its parent is told the exit code.
void Server::BecomeCopy() const {
  if (is_modest_) (void)os::SetThreadScheduler(0, {os::kPolicyOther}).ok();
  close(sockets_.control);
  close(sockets_.spares);
  if (os::Result<void> settled = hooks_.settle(); !settled) _exit(1);
}

}  // namespace

os::Result<std::optional<ForkedCopy>> ServeForks(const ServerSockets& sockets, const ServerHooks& hooks) {
  return Server(sockets, hooks).Serve();
}

}  // namespace forkyard
