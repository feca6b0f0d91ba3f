// See server.h. At each step the server may be killed: README.md tells what the client makes of that.
#include "forking/server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "forking/messages.h"
#include "os/fd_passing.h"
#include "os/lifeline.h"
#include "os/process_identity.h"
#include "shared/crash_point.h"

namespace forkyard {
namespace {

// Signals that are meant for the client: it decides what happens to its children, and its end is ours.
constexpr std::array kClientsSignals = {SIGINT, SIGQUIT, SIGHUP, SIGTERM};

// Rung by the handler of SIGCHLD, on whichever thread it runs. A signalfd will not do: of a signal that one thread blocks
// and another does not, the other takes it.
int child_ended = -1;

void OnChildEnded(int) {
  const int saved = errno;
  const uint64_t one = 1;
  (void)!write(child_ended, &one, sizeof(one));
  errno = saved;
}

// While it lives, the signals above are ignored, and SIGCHLD rings. The former are blocked as well, so that one sent to a
// child before it has its own dispositions back stays pending instead of being ignored.
class ServerSignals {
 public:
  os::Result<void> Take() {
    ended_.reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!ended_.valid()) return os::LastError("eventfd");
    child_ended = ended_.get();
    sigset_t blocked;
    sigemptyset(&blocked);
    for (int signal : kClientsSignals) sigaddset(&blocked, signal);
    if (sigprocmask(SIG_BLOCK, &blocked, &old_mask_) != 0) return os::LastError("sigprocmask");
    struct sigaction action {};
    action.sa_handler = SIG_IGN;
    for (size_t i = 0; i < kClientsSignals.size(); i++) sigaction(kClientsSignals[i], &action, &old_actions_[i]);
    action.sa_handler = OnChildEnded;
    action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
    sigaction(SIGCHLD, &action, &old_on_child_);
    return {};
  }

  void GiveBack() {
    sigaction(SIGCHLD, &old_on_child_, nullptr);
    for (size_t i = 0; i < kClientsSignals.size(); i++) sigaction(kClientsSignals[i], &old_actions_[i], nullptr);
    sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
    ended_.reset();
  }

  // Readable when a child has ended.
  int ended() const { return ended_.get(); }

 private:
  sigset_t old_mask_;
  struct sigaction old_on_child_ {};
  std::array<struct sigaction, kClientsSignals.size()> old_actions_{};
  os::UniqueFd ended_;
};

// Waits while the client does not read: it is the client's loss alone. EPIPE: there is none any more.
os::Result<void> Reply(int control, const ForkReply& reply, std::span<const int> fds = {}) {
  return os::SendWithFds(control, fds, {reinterpret_cast<const uint8_t*>(&reply), sizeof(reply)});
}

os::Result<void> ReportEnded(int control, int ended) {
  uint64_t sink;
  (void)!read(ended, &sink, sizeof(sink));
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    os::Result<void> told = Reply(control, {ForkReplyKind::kEnded, static_cast<uint32_t>(pid), status});
    if (!told) return told;
  }
  return {};
}

ForkedChild Become(const ForkRequest& request, std::vector<os::UniqueFd>& fds) {
  for (int stream = 0; stream < 3; stream++) dup2(fds[stream].get(), stream);
  (void)!fchdir(fds[3].get());  // checked by the client, which opened it
  os::Inherit(request.inherited);
  ForkedChild child{request.invitation, {}};
  for (size_t i = kFixedRequestFds; i < fds.size(); i++) child.lifelines.push_back(fds[i].release());
  return child;
}

}  // namespace

os::Result<std::optional<ForkedChild>> ServeForks(int control) {
  ServerSignals signals;
  if (os::Result<void> taken = signals.Take(); !taken) return taken.error();
  std::vector<uint8_t> packet(kMaxForkPacket);
  if (os::Result<void> told = Reply(control, {ForkReplyKind::kServing, 0, 0}); !told) return std::optional<ForkedChild>();
  for (;;) {
    pollfd events[] = {{control, POLLIN, 0}, {signals.ended(), POLLIN, 0}};
    if (poll(events, 2, -1) < 0 && errno != EINTR) return os::LastError("poll");
    if (events[1].revents != 0 && !ReportEnded(control, signals.ended())) return std::optional<ForkedChild>();
    if (events[0].revents == 0) continue;
    os::Result<os::ReceivedMessage> received = os::ReceiveWithFds(control, packet);
    if (!received || received.value().size == 0) return std::optional<ForkedChild>();
    std::vector<os::UniqueFd>& fds = received.value().fds;
    os::Result<ForkRequest> request = DecodeForkRequest(std::span(packet).first(received.value().size));
    if (!request || fds.size() < kFixedRequestFds) return os::Error{EBADMSG, "recvmsg"};
    CrashPoint(CrashPointId::kForkRequested);
    const pid_t pid = fork();
    if (pid == 0) {
      ForkedChild child = Become(request.value(), fds);
      close(control);
      signals.GiveBack();
      return std::optional(std::move(child));
    }
    if (pid < 0) {
      if (!Reply(control, {ForkReplyKind::kNotForked, request.value().id, errno})) return std::optional<ForkedChild>();
      continue;
    }
    CrashPoint(CrashPointId::kForked);
    // It does so itself as soon as it can; but it may be stopped before that.
    for (size_t i = kFixedRequestFds; i < fds.size(); i++) (void)os::ArmLifeline(fds[i].get(), pid).ok();
    CrashPoint(CrashPointId::kForkArmed);
    os::Result<os::UniqueFd> pidfd = os::OpenPidfd(pid);
    const int fd = pidfd ? pidfd.value().get() : -1;
    const std::span<const int> sent(&fd, pidfd ? 1 : 0);
    if (!Reply(control, {ForkReplyKind::kForked, request.value().id, pid}, sent)) return std::optional<ForkedChild>();
    CrashPoint(CrashPointId::kForkReplied);
  }
}

}  // namespace forkyard
