// os/priority: nice value, policy and I/O priority of threads and processes, and what an unprivileged process may not.
#include "os/priority.h"

#include <dirent.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>

#include "check.h"
#include "os/each_thread.h"

using namespace forkyard::os;
using forkyard::test::Child;
using forkyard::test::ForkChild;

namespace {

constexpr pid_t kNobody = 65534;

// Runs body in a child with four more threads, so that what it sets is not this process's; its exit code is returned.
template <class F>
int RunWithThreads(F body) {
  Child child = ForkChild([&] {
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
      threads.emplace_back([&] {
        while (!stop.load()) usleep(1000);
      });
    }
    int code = 0;
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      body();
    } else {
      code = body();
    }
    stop.store(true);
    for (auto& thread : threads) thread.join();
    return code;
  });
  return child.Wait();
}

template <class F>
void ExpectWithThreads(F body) {
  CHECK_EXITED(RunWithThreads(body), 0);
}

std::vector<pid_t> MyThreads() {
  std::vector<pid_t> tids;
  DIR* directory = opendir("/proc/self/task");
  while (const dirent* entry = readdir(directory)) {
    if (const int tid = std::atoi(entry->d_name); tid > 0) tids.push_back(tid);
  }
  closedir(directory);
  CHECK(tids.size() >= 5);
  return tids;
}

void BecomeNobody() {
  const rlimit none{0, 0};
  REQUIRE(setrlimit(RLIMIT_NICE, &none) == 0);
  REQUIRE(setrlimit(RLIMIT_RTPRIO, &none) == 0);
  REQUIRE(setuid(kNobody) == 0);
}

}  // namespace

TEST(a_nice_value_reaches_every_thread_of_the_process) {
  ExpectWithThreads([] {
    const int before = GetThreadNice(0).value();
    CHECK_OK(SetProcessNice(0, 7));
    for (const pid_t tid : MyThreads()) CHECK_EQ(GetThreadNice(tid).value(), 7);
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 7);
    CHECK(before <= 7);
    // A thread made later inherits it.
    std::thread([] { CHECK_EQ(GetThreadNice(0).value(), 7); }).join();
  });
}

TEST(a_nice_value_of_one_thread_leaves_the_others) {
  ExpectWithThreads([] {
    const int before = GetThreadNice(0).value();
    std::thread([] {
      CHECK_OK(SetThreadNice(0, 19));
      CHECK_EQ(GetThreadNice(0).value(), 19);
    }).join();
    for (const pid_t tid : MyThreads()) CHECK_EQ(GetThreadNice(tid).value(), before);
  });
}

TEST(minus_one_is_a_nice_value_and_no_error) {
  constexpr int kNoRight = 7;
  const int status = RunWithThreads([] {
    const Result<void> set = SetProcessNice(0, -1);
    if (!set.ok() && set.error().number == EACCES) return kNoRight;
    CHECK_OK(set);
    CHECK_EQ(GetThreadNice(getpid()).value(), -1);
    return 0;
  });
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoRight) SKIP("needs CAP_SYS_NICE");
  CHECK_EXITED(status, 0);
}

TEST(a_policy_reaches_every_thread_of_the_process) {
  ExpectWithThreads([] {
    for (const int policy : {kPolicyBatch, kPolicyOther, kPolicyIdle}) {
      CHECK_OK(SetProcessScheduler(0, {policy, 0}));
      for (const pid_t tid : MyThreads()) CHECK_EQ(GetThreadScheduler(tid).value().policy, policy);
      CHECK_EQ(sched_getscheduler(0), policy);
    }
  });
}

TEST(a_realtime_policy_with_its_priority) {
  constexpr int kNoRight = 7;
  const int status = RunWithThreads([] {
    const Result<void> set = SetProcessScheduler(0, {kPolicyFifo, 3});
    if (!set.ok() && set.error().number == EPERM) return kNoRight;
    CHECK_OK(set);
    for (const pid_t tid : MyThreads()) CHECK(GetThreadScheduler(tid).value() == (Scheduler{kPolicyFifo, 3}));
    CHECK_OK(SetProcessScheduler(0, {kPolicyRoundRobin, 1}));
    CHECK(GetThreadScheduler(getpid()).value() == (Scheduler{kPolicyRoundRobin, 1}));
    return 0;
  });
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoRight) SKIP("needs CAP_SYS_NICE and a real-time budget");
  CHECK_EXITED(status, 0);
}

TEST(a_priority_that_the_policy_does_not_have_is_refused_and_nothing_changes) {
  ExpectWithThreads([] {
    const Scheduler before = GetThreadScheduler(0).value();
    CHECK_ERRNO(SetProcessScheduler(0, {kPolicyOther, 5}), EINVAL);
    CHECK_ERRNO(SetProcessScheduler(0, {kPolicyFifo, 0}), EINVAL);
    CHECK_ERRNO(SetProcessScheduler(0, {kPolicyFifo, 100}), EINVAL);
    CHECK_ERRNO(SetProcessScheduler(0, {77, 0}), EINVAL);
    for (const pid_t tid : MyThreads()) CHECK(GetThreadScheduler(tid).value() == before);
  });
}

TEST(reset_on_fork_is_hidden_when_read_and_kept_when_set) {
  ExpectWithThreads([] {
    sched_param parameters{};
    REQUIRE(sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &parameters) == 0);
    CHECK_EQ(GetThreadScheduler(0).value().policy, kPolicyBatch);
    CHECK_OK(SetThreadScheduler(0, {kPolicyOther, 0}));
    CHECK_EQ(sched_getscheduler(0), SCHED_OTHER | SCHED_RESET_ON_FORK);
  });
}

TEST(an_io_priority_reaches_every_thread_of_the_process) {
  ExpectWithThreads([] {
    for (const auto& [io_class, level] : {std::pair{kIoBestEffort, 7}, {kIoBestEffort, 0}, {kIoIdle, 0}}) {
      const IoPriority wanted{io_class, level};
      CHECK_OK(SetProcessIoPriority(0, wanted));
      for (const pid_t tid : MyThreads()) CHECK(GetThreadIoPriority(tid).value() == wanted);
    }
    CHECK_OK(SetProcessIoPriority(0, {kIoNone, 0}));
    CHECK_ERRNO(SetProcessIoPriority(0, {kIoNone, 1}), EINVAL);
    CHECK_ERRNO(SetProcessIoPriority(0, {kIoBestEffort, 8}), EINVAL);
    CHECK_ERRNO(SetProcessIoPriority(0, {6, 0}), EINVAL);
  });
}

TEST(without_the_right_each_call_says_so_and_changes_nothing) {
  if (geteuid() != 0) SKIP("needs root, to become somebody else");
  const pid_t parent = getpid();
  Child child = ForkChild([&] {
    BecomeNobody();
    const int nice = GetThreadNice(0).value();
    CHECK_OK(SetProcessNice(0, nice + 1));
    CHECK_ERRNO(SetProcessNice(0, nice - 1), EACCES);
    CHECK_ERRNO(SetProcessNice(parent, 19), EPERM);
    CHECK_ERRNO(SetProcessScheduler(0, {kPolicyFifo, 1}), EPERM);
    CHECK_ERRNO(SetProcessScheduler(parent, {kPolicyBatch, 0}), EPERM);
    CHECK_ERRNO(SetProcessIoPriority(0, {kIoRealtime, 0}), EPERM);
    CHECK_ERRNO(SetProcessIoPriority(parent, {kIoIdle, 0}), EPERM);
    CHECK_EQ(GetThreadNice(0).value(), nice + 1);
    CHECK_EQ(GetThreadScheduler(0).value().policy, kPolicyOther);
  });
  CHECK_EXITED(child.Wait(), 0);
}

// The kernel refuses one thread of several only where rights differ between threads, so one is refused here by hand.
TEST(a_refusal_half_way_is_undone) {
  ExpectWithThreads([] {
    const std::vector<pid_t> tids = MyThreads();
    const Scheduler before = GetThreadScheduler(0).value();
    int changed = 0;
    const auto set = [&](pid_t tid, const Scheduler& scheduler) -> Result<void> {
      if (tid == tids[3]) return Error{EPERM, "sched_setscheduler"};
      if (scheduler.policy == kPolicyBatch) changed++;
      return SetThreadScheduler(tid, scheduler);
    };
    CHECK_ERRNO(SetForEachThread(0, Scheduler{kPolicyBatch, 0}, GetThreadScheduler, set), EPERM);
    CHECK_EQ(changed, 3);
    for (const pid_t tid : tids) CHECK(GetThreadScheduler(tid).value() == before);
  });
}

TEST(a_process_that_is_gone_is_esrch) {
  Child child = ForkChild([] {});
  const pid_t gone = child.pid();
  CHECK_EXITED(child.Wait(), 0);
  CHECK_ERRNO(GetThreadNice(gone), ESRCH);
  CHECK_ERRNO(SetProcessNice(gone, 1), ESRCH);
  CHECK_ERRNO(GetThreadScheduler(gone), ESRCH);
  CHECK_ERRNO(SetProcessScheduler(gone, {kPolicyBatch, 0}), ESRCH);
  CHECK_ERRNO(GetThreadIoPriority(gone), ESRCH);
  CHECK_ERRNO(SetProcessIoPriority(gone, {kIoIdle, 0}), ESRCH);
}
