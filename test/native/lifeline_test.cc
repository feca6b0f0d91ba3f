// os/lifeline: whoever attached dies with the writer, whatever it is doing. The test process adopts the orphans
// (PR_SET_CHILD_SUBREAPER), so that it sees of what each died.
#include "os/lifeline.h"

#include <sys/prctl.h>

#include "os/process_identity.h"
#include "support.h"

using namespace forkyard;
using namespace forkyard::os;
using namespace forkyard::test;

namespace {

enum class Doing { kBusy, kSleeping, kStopped, kBlockingSignals };

[[noreturn]] void Do(Doing doing) {
  if (doing == Doing::kStopped) raise(SIGSTOP);
  if (doing == Doing::kBlockingSignals) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
  }
  std::atomic<uint64_t> count{0};
  for (;;) {
    count.fetch_add(1);
    if (doing != Doing::kBusy) pause();
  }
}

// What a child does whose parent gave it nothing but the number.
Result<UniqueFd> JoinLifeline(int read_end) {
  Result<UniqueFd> own = ReopenLifeline(read_end);
  if (!own) return own;
  if (Result<void> attached = AttachLifeline(own.value().get()); !attached) return attached.error();
  return own;
}

// To be called in a fresh fork: attaches, says so, and goes on. The write end, which exec would have closed, goes.
[[noreturn]] void Attached(Lifeline& lifeline, std::atomic<uint64_t>& word, Doing doing) {
  lifeline.write_end.reset();
  Result<UniqueFd> attached = JoinLifeline(lifeline.read_end.get());
  if (!attached) _exit(99);
  word.store(static_cast<uint64_t>(getpid()));
  Do(doing);
}

Lifeline Create() {
  Result<Lifeline> lifeline = CreateLifeline();
  REQUIRE_OK(lifeline);
  return lifeline.take();
}

UniqueFd Pidfd(uint64_t pid) {
  Result<UniqueFd> fd = OpenPidfd(static_cast<pid_t>(pid));
  REQUIRE_OK(fd);
  return fd.take();
}

bool Ended(const UniqueFd& pidfd, int timeout_ms) {
  Result<bool> ended = PidfdEnded(pidfd.get(), timeout_ms);
  REQUIRE_OK(ended);
  return ended.value();
}

bool IsStopped(uint64_t pid) {
  char path[64], text[256] = {};
  std::snprintf(path, sizeof(path), "/proc/%llu/stat", static_cast<unsigned long long>(pid));
  FILE* file = std::fopen(path, "r");
  if (file == nullptr) return false;
  size_t size = std::fread(text, 1, sizeof(text) - 1, file);
  std::fclose(file);
  const char* name_end = size > 0 ? std::strrchr(text, ')') : nullptr;
  return name_end != nullptr && name_end[2] == 'T';
}

// The wait status of an adopted orphan.
int Adopted(uint64_t pid) {
  int status = 0;
  REQUIRE(waitpid(static_cast<pid_t>(pid), &status, 0) == static_cast<pid_t>(pid));
  return status;
}

constexpr int kWatchdogMs = 60'000;

}  // namespace

TEST(a_killed_root_takes_busy_sleeping_stopped_and_masked_descendants_along) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  SharedWords pids(8);
  const Doing all[] = {Doing::kBusy, Doing::kSleeping, Doing::kStopped, Doing::kBlockingSignals};
  Child root = ForkChild([&] {
    Lifeline lifeline = Create();
    for (size_t i = 0; i < 4; i++) {
      if (fork() == 0) Attached(lifeline, pids[i], all[i]);
    }
    // And a grandchild, whose parent ends before the root does.
    if (fork() == 0) {
      if (fork() == 0) Attached(lifeline, pids[4], Doing::kSleeping);
      _exit(0);
    }
    for (;;) pause();
  });
  REQUIRE(Eventually([&] {
    for (size_t i = 0; i < 5; i++) {
      if (pids[i].load() == 0) return false;
    }
    return IsStopped(pids[2].load());
  }));
  std::vector<UniqueFd> descendants;
  for (size_t i = 0; i < 5; i++) descendants.push_back(Pidfd(pids[i].load()));
  for (const UniqueFd& one : descendants) CHECK(!Ended(one, 0));

  root.Kill(SIGKILL);
  CHECK_SIGNALED(root.Wait(), SIGKILL);
  for (size_t i = 0; i < 5; i++) {
    CHECK(Ended(descendants[i], kWatchdogMs));
    CHECK_SIGNALED(Adopted(pids[i].load()), SIGKILL);
  }
}

TEST(an_orderly_end_of_the_root_ends_them_as_well) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  SharedWords pids(1);
  Child root = ForkChild([&] {
    Lifeline lifeline = Create();
    if (fork() == 0) Attached(lifeline, pids[0], Doing::kSleeping);
    while (pids[0].load() == 0) usleep(500);
    return 0;
  });
  CHECK_EXITED(root.Wait(), 0);
  CHECK_SIGNALED(Adopted(pids[0].load()), SIGKILL);
}

TEST(a_members_own_descendants_die_with_it_and_nobody_else_does) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  SharedWords pids(4);
  Child root = ForkChild([&] {
    Lifeline of_root = Create();
    if (fork() == 0) Attached(of_root, pids[0], Doing::kSleeping);  // a sibling
    if (fork() == 0) {                                              // the member
      of_root.write_end.reset();
      Result<UniqueFd> attached = JoinLifeline(of_root.read_end.get());
      Lifeline own = Create();
      if (!attached) _exit(99);
      if (fork() == 0) {
        Result<UniqueFd> to_root = JoinLifeline(of_root.read_end.get());
        if (!to_root) _exit(99);
        Attached(own, pids[2], Doing::kBusy);
      }
      pids[1].store(static_cast<uint64_t>(getpid()));
      Do(Doing::kSleeping);
    }
    for (;;) pause();
  });
  REQUIRE(Eventually([&] { return pids[0].load() != 0 && pids[1].load() != 0 && pids[2].load() != 0; }));
  UniqueFd sibling = Pidfd(pids[0].load());
  UniqueFd member = Pidfd(pids[1].load());
  UniqueFd descendant = Pidfd(pids[2].load());
  kill(static_cast<pid_t>(pids[1].load()), SIGKILL);
  CHECK(Ended(descendant, kWatchdogMs));
  CHECK(Ended(member, kWatchdogMs));  // only then is the descendant ours to wait for
  CHECK_SIGNALED(Adopted(pids[2].load()), SIGKILL);
  CHECK(!Ended(sibling, 100));
  CHECK_EQ(kill(root.pid(), 0), 0);

  root.Kill(SIGKILL);
  root.Wait();
  CHECK(Ended(sibling, kWatchdogMs));
  CHECK_SIGNALED(Adopted(pids[0].load()), SIGKILL);
  CHECK_SIGNALED(Adopted(pids[1].load()), SIGKILL);
}

// Stopped before its first instruction, a child cannot attach: its parent has armed the lifeline for it.
TEST(a_child_that_never_came_to_attach_dies_by_what_its_parent_armed) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  SharedWords pids(2);
  Child root = ForkChild([&] {
    Lifeline lifeline = Create();
    for (size_t i = 0; i < 2; i++) {
      Result<UniqueFd> shared = ReopenLifeline(lifeline.read_end.get());
      if (!shared) _exit(99);
      pid_t child = fork();
      if (child == 0) {
        lifeline.write_end.reset();
        Do(Doing::kStopped);
      }
      if (!ArmLifeline(shared.value().get(), child)) _exit(99);
      shared.value().reset();  // the child's copy is enough
      pids[i].store(static_cast<uint64_t>(child));
    }
    for (;;) pause();
  });
  REQUIRE(Eventually([&] { return pids[1].load() != 0 && IsStopped(pids[0].load()) && IsStopped(pids[1].load()); }));
  root.Kill(SIGKILL);
  CHECK_SIGNALED(root.Wait(), SIGKILL);
  for (size_t i = 0; i < 2; i++) CHECK_SIGNALED(Adopted(pids[i].load()), SIGKILL);
}

TEST(whoever_attaches_after_the_writers_death_dies_at_once) {
  Lifeline lifeline = Create();
  lifeline.write_end.reset();
  Child late = ForkChild([&] {
    (void)JoinLifeline(lifeline.read_end.get()).ok();
    for (;;) pause();
  });
  CHECK_SIGNALED(late.Wait(), SIGKILL);
}

TEST(the_death_of_one_who_attached_harms_nobody) {
  Lifeline lifeline = Create();
  SharedWords pids(2);
  std::vector<Child> members;
  for (size_t i = 0; i < 2; i++) {
    members.push_back(ForkChild([&, i] { Attached(lifeline, pids[i], Doing::kSleeping); }));
    REQUIRE(Eventually([&] { return pids[i].load() != 0; }));
  }
  members[0].Kill(SIGKILL);
  members[0].Wait();
  CHECK(!Ended(Pidfd(pids[1].load()), 100));
  lifeline.write_end.reset();
  CHECK_SIGNALED(members[1].Wait(), SIGKILL);
}

TEST(both_ends_are_closed_by_exec_and_a_bad_one_is_an_error) {
  Lifeline lifeline = Create();
  CHECK((fcntl(lifeline.read_end.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((fcntl(lifeline.write_end.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK_ERRNO(JoinLifeline(9999), ENOENT);
}

TEST(a_process_is_told_from_a_later_one_with_its_pid) {
  Result<uint64_t> own = ProcessStartTime(getpid());
  REQUIRE_OK(own);
  CHECK_EQ(own.value(), ProcessStartTime(getpid()).value());
  prctl(PR_SET_NAME, ") R 1 (");  // a name made to mislead
  CHECK_EQ(own.value(), ProcessStartTime(getpid()).value());
  Child child = ForkChild([] {});
  child.Wait();
  CHECK_ERRNO(ProcessStartTime(child.pid()), ENOENT);
  CHECK_ERRNO(OpenPidfd(child.pid()), ESRCH);
}

TEST(a_pidfd_tells_of_the_end_and_signals_nobody_else) {
  Child child = ForkChild([] {
    for (;;) pause();
  });
  UniqueFd fd = Pidfd(static_cast<uint64_t>(child.pid()));
  CHECK((fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(!Ended(fd, 0));
  CHECK_OK(SignalPidfd(fd.get(), SIGTERM));
  CHECK(Ended(fd, kWatchdogMs));
  CHECK_SIGNALED(child.Wait(), SIGTERM);
  CHECK_ERRNO(SignalPidfd(fd.get(), SIGTERM), ESRCH);
}
