// See server.h. At each step the server may be killed: README.md tells what the client makes of that.
#include "forking/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "forking/messages.h"
#include "forking/server_signals.h"
#include "forking/spare.h"
#include "os/fd_passing.h"
#include "os/lifeline.h"
#include "os/process_identity.h"
#include "shared/crash_point.h"

namespace forkyard {
namespace {

using Served = os::Result<std::optional<ForkedChild>>;

// Waits while the client does not read: it is the client's loss alone. EPIPE: there is none any more.
os::Result<void> Reply(int control, const ForkReply& reply, std::span<const int> fds = {}) {
  return os::SendWithFds(control, fds, {reinterpret_cast<const uint8_t*>(&reply), sizeof(reply)});
}

os::Result<void> ReportEnded(int control, int ended, Spare& spare) {
  uint64_t sink;
  (void)!read(ended, &sink, sizeof(sink));
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == spare.pid()) {
      spare.Forget();
      continue;
    }
    os::Result<void> told = Reply(control, {ForkReplyKind::kEnded, static_cast<uint32_t>(pid), status});
    if (!told) return told;
  }
  return {};
}

// In the copy.
ForkedChild Become(const ForkRequest& request, std::vector<os::UniqueFd>& fds, ServerSignals& signals) {
  for (int stream = 0; stream < 3; stream++) dup2(fds[stream].get(), stream);
  (void)!fchdir(fds[3].get());  // checked by the client, which opened it
  os::Inherit(request.inherited);
  ForkedChild child{request.invitation, {}};
  for (size_t i = kFixedRequestFds; i < fds.size(); i++) child.lifelines.push_back(fds[i].release());
  signals.GiveBack();
  return child;
}

// What fails here fails before anybody's code: its parent is told the exit code.
void Settled(const Settle& settle) {
  if (os::Result<void> settled = settle(); !settled) _exit(1);
}

Served BecomeSpare(Spare& spare, ServerSignals& signals, const Settle& settle) {
  const SpareEnd end = spare.TakeEnd();
  Settled(settle);
  SpareDuty duty = AwaitDuty(end, signals.letting_go_by());
  // The server has read it before.
  os::Result<ForkRequest> request = DecodeForkRequest(duty.packet);
  if (!request) return request.error();
  return std::optional(Become(request.value(), duty.fds, signals));
}

Served ClientIsGone() { return std::optional<ForkedChild>(); }

bool IsQuiet(pollfd (&events)[2]) { return poll(events, 2, 0) == 0; }

void Arm(const std::vector<os::UniqueFd>& fds, pid_t pid) {
  for (size_t i = kFixedRequestFds; i < fds.size(); i++) (void)os::ArmLifeline(fds[i].get(), pid).ok();
}

std::vector<int> NumbersOf(const std::vector<os::UniqueFd>& fds) {
  std::vector<int> numbers;
  for (const os::UniqueFd& fd : fds) numbers.push_back(fd.get());
  return numbers;
}

}  // namespace

Served ServeForks(int control, const Settle& settle) {
  ServerSignals signals;
  if (os::Result<void> taken = signals.Take(); !taken) return taken.error();
  Spare spare;
  std::vector<uint8_t> buffer(kMaxForkPacket);
  if (!Reply(control, {ForkReplyKind::kServing, 0, 0})) return ClientIsGone();
  for (;;) {
    pollfd events[] = {{control, POLLIN, 0}, {signals.ended(), POLLIN, 0}};
    // Those who wait come first.
    if (!spare.exists() && !spare.is_hopeless() && IsQuiet(events) && spare.Make()) {
      close(control);
      return BecomeSpare(spare, signals, settle);
    }
    if (poll(events, 2, -1) < 0 && errno != EINTR) return os::LastError("poll");
    if (events[1].revents != 0 && !ReportEnded(control, signals.ended(), spare)) return ClientIsGone();
    if (events[0].revents == 0) continue;
    os::Result<os::ReceivedMessage> received = os::ReceiveWithFds(control, buffer);
    if (!received || received.value().size == 0) return ClientIsGone();
    const std::span<const uint8_t> packet = std::span(buffer).first(received.value().size);
    std::vector<os::UniqueFd>& fds = received.value().fds;
    os::Result<ForkRequest> request = DecodeForkRequest(packet);
    if (!request || fds.size() < kFixedRequestFds) return os::Error{EBADMSG, "recvmsg"};
    CrashPoint(CrashPointId::kForkRequested);
    // A child arms its lifelines itself as soon as it can; but it may be stopped before that.
    pid_t pid = spare.pid();
    if (spare.exists()) Arm(fds, pid);
    const bool is_handed_over = spare.exists() && spare.HandOver(NumbersOf(fds), packet);
    if (!is_handed_over) pid = fork();
    if (pid == 0) {
      close(control);
      Settled(settle);
      return std::optional(Become(request.value(), fds, signals));
    }
    if (pid < 0) {
      if (!Reply(control, {ForkReplyKind::kNotForked, request.value().id, errno})) return ClientIsGone();
      continue;
    }
    CrashPoint(CrashPointId::kForked);
    if (!is_handed_over) Arm(fds, pid);
    CrashPoint(CrashPointId::kForkArmed);
    os::Result<os::UniqueFd> pidfd = os::OpenPidfd(pid);
    const int fd = pidfd ? pidfd.value().get() : -1;
    const std::span<const int> sent(&fd, pidfd ? 1 : 0);
    if (!Reply(control, {ForkReplyKind::kForked, request.value().id, pid}, sent)) return ClientIsGone();
    CrashPoint(CrashPointId::kForkReplied);
  }
}

}  // namespace forkyard
