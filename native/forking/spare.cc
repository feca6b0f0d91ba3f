// See spare.h.
#include "forking/spare.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
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
constexpr uint64_t kPatienceNs = 1'000'000'000;
constexpr uint64_t kNsPerMs = 1'000'000;

// For whoever looks at the processes of the machine.
constexpr const char* kSpareName = "forkyard-spare";
char name_of_child[16];

}  // namespace

bool Spare::Make() {
  if (shared_.data() == nullptr) {
    os::Result<os::Mapping> shared = os::Mapping::MapAnonymousShared(sizeof(std::atomic<DutyOwner>));
    if (!shared) return false;
    shared_ = shared.take();
  }
  owner() = DutyOwner::kUndecided;
  auto pair = os::MakeSocketPair(SOCK_SEQPACKET);
  if (!pair) return false;
  bell_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!bell_.valid()) return false;
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

// Or until it is dead, which is the end of the socket, from which there is nothing else to read; or for too long.
void Spare::WaitUntilTaken() const {
  pollfd events[] = {{bell_.get(), POLLIN, 0}, {ours_.get(), POLLIN, 0}};
  const uint64_t deadline = os::MonotonicNs() + kPatienceNs;
  for (uint64_t now = os::MonotonicNs(); now < deadline; now = os::MonotonicNs()) {
    // The end of another child interrupts, too.
    if (poll(events, 2, static_cast<int>((deadline - now) / kNsPerMs)) >= 0 || errno != EINTR) return;
  }
}

bool Spare::HandOver(std::span<const int> fds, std::span<const uint8_t> packet) {
  if (IsAtWork() && os::SendWithFds(ours_.get(), fds, packet)) WaitUntilTaken();
  DutyOwner undecided = DutyOwner::kUndecided;
  if (!owner().compare_exchange_strong(undecided, DutyOwner::kServer)) {
    Leave();
    wasted_ = 0;
    return true;
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  Forget();
  return false;
}

void Spare::Forget() {
  Leave();
  wasted_++;
}

void Spare::Leave() {
  pid_ = -1;
  ours_.reset();
  bell_.reset();
}

SpareDuty AwaitDuty(const SpareEnd& end, const sigset_t& letting_go_by) {
  SpareDuty duty{std::vector<uint8_t>(kMaxForkPacket), {}};
  pollfd request{end.request.get(), POLLIN, 0};
  while (ppoll(&request, 1, nullptr, &letting_go_by) < 0 && errno == EINTR) {
  }
  os::Result<os::ReceivedMessage> received = os::ReceiveWithFds(end.request.get(), duty.packet);
  if (!received || received.value().size == 0) _exit(0);
  duty.packet.resize(received.value().size);
  duty.fds = std::move(received.value().fds);
  prctl(PR_SET_NAME, name_of_child);
  // From here on it outlives its server, and signals stay: whoever asked may know the pid.
  prctl(PR_SET_PDEATHSIG, 0);
  DutyOwner undecided = DutyOwner::kUndecided;
  if (!end.owner->compare_exchange_strong(undecided, DutyOwner::kCopy)) _exit(0);
  const uint64_t taken = 1;
  (void)!write(end.bell.get(), &taken, sizeof(taken));
  return duty;
}

}  // namespace forkyard
