// See spare.h.
#include "forking/spare.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "forking/messages.h"
#include "os/clock.h"
#include "os/fd_passing.h"
#include "os/socket_pair.h"

namespace forkyard {
namespace {

// A machine may be busy; one that was stopped is found out before it is asked.
constexpr int kPatienceMs = 1000;
constexpr uint64_t kNsPerMs = 1'000'000;

// For whoever looks at the processes of the machine.
constexpr const char* kSpareName = "forkyard-spare";
char name_of_child[16];

}  // namespace

bool Spare::Make() {
  auto pair = os::MakeSocketPair(SOCK_SEQPACKET);
  if (!pair) return false;
  answer_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!answer_.valid()) return false;
  ours_ = std::move(pair.value().first);
  theirs_ = std::move(pair.value().second);
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

// Asked of the kernel without taking the answer away from whoever reaps.
bool Spare::IsAtWork() const {
  siginfo_t change{};
  return waitid(P_PID, static_cast<id_t>(pid_), &change, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
         change.si_pid == 0;
}

bool Spare::HandOver(std::span<const int> fds, std::span<const uint8_t> packet) {
  if (!IsAtWork() || !os::SendWithFds(ours_.get(), fds, packet) || !IsAnswered(kPatienceMs)) {
    kill(pid_, SIGKILL);
    siginfo_t end{};
    waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOWAIT);
    // It may have begun after all, between the two.
    if (!IsAnswered(0)) {
      Drop();
      return false;
    }
  }
  pid_ = -1;
  ours_.reset();
  answer_.reset();
  wasted_ = 0;
  return true;
}

// Of the socket there is nothing to read but its end.
bool Spare::IsAnswered(int patience_ms) const {
  pollfd events[] = {{answer_.get(), POLLIN, 0}, {ours_.get(), POLLIN, 0}};
  const uint64_t deadline = os::MonotonicNs() + patience_ms * kNsPerMs;
  for (;;) {
    const uint64_t now = os::MonotonicNs();
    const int found = poll(events, 2, now < deadline ? static_cast<int>((deadline - now) / kNsPerMs) : 0);
    if (found > 0) return events[0].revents != 0;
    // The end of another child interrupts, too.
    if (found == 0 || errno != EINTR) return false;
  }
}

void Spare::Drop() {
  if (!exists()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  Forget();
}

void Spare::Forget() {
  pid_ = -1;
  ours_.reset();
  answer_.reset();
  wasted_++;
}

SpareDuty AwaitDuty(const SpareEnd& end, const sigset_t& letting_go_by) {
  SpareDuty duty{std::vector<uint8_t>(kMaxForkPacket), {}};
  pollfd request{end.request.get(), POLLIN, 0};
  while (ppoll(&request, 1, nullptr, &letting_go_by) < 0 && errno == EINTR) {
  }
  os::Result<os::ReceivedMessage> received = os::ReceiveWithFds(end.request.get(), duty.packet);
  if (!received || received.value().size == 0) _exit(0);
  prctl(PR_SET_NAME, name_of_child);
  prctl(PR_SET_PDEATHSIG, 0);
  duty.packet.resize(received.value().size);
  duty.fds = std::move(received.value().fds);
  // From here on signals stay, so whoever asked may know the pid.
  const uint64_t taken = 1;
  if (write(end.answer.get(), &taken, sizeof(taken)) != sizeof(taken)) _exit(0);
  return duty;
}

}  // namespace forkyard
