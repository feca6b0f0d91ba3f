// os/affinity: one thread, all threads of a process that makes and ends threads all the time, masks that the kernel would
// cut down silently. What `taskset` says about it is test/system/.
#include "os/affinity.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "check.h"

using namespace forkyard::os;
using forkyard::test::Child;
using forkyard::test::ForkChild;

namespace {

constexpr pid_t kNobody = 65534;

CpuList UsableCpus() {
  auto usable = GetUsableCpus();
  REQUIRE_OK(usable);
  return usable.value();
}

CpuList TwoCpus() {
  CpuList usable = UsableCpus();
  if (usable.size() < 2) SKIP("needs two CPUs");
  usable.resize(2);
  return usable;
}

std::vector<pid_t> ThreadsOf(pid_t pid) {
  std::vector<pid_t> tids;
  DIR* directory = opendir(("/proc/" + std::to_string(pid) + "/task").c_str());
  REQUIRE(directory != nullptr);
  while (const dirent* entry = readdir(directory)) {
    if (const int tid = std::atoi(entry->d_name); tid > 0) tids.push_back(tid);
  }
  closedir(directory);
  return tids;
}

// What a chain of threads, each of which starts the next one and ends, does to whoever lists them.
void* RunLink(void*) {
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&detached, 64 << 10);
  pthread_t next;
  while (pthread_create(&next, &detached, RunLink, nullptr) != 0) sched_yield();
  pthread_attr_destroy(&detached);
  return nullptr;
}

[[noreturn]] void RunManyThreads(int ready_fd) {
  std::vector<std::thread> idle;
  for (int i = 0; i < 30; i++) idle.emplace_back([] { pause(); });
  for (int i = 0; i < 3; i++) RunLink(nullptr);
  (void)!write(ready_fd, "x", 1);
  for (;;) pause();
}

// In memory that both processes see: a round is asked for (started) and, when the call has returned, confirmed (done).
struct Rounds {
  std::atomic<int> started{0};
  std::atomic<int> done{0};
  std::atomic<int> checks{0};
  std::atomic<int> violations{0};
  std::atomic<int> alive{0};
  uint32_t cpus[2];
};

// A young thread looks at its own mask: between two rounds it must be that of the last one.
void* CheckOwnMask(void* argument) {
  Rounds& rounds = *static_cast<Rounds*>(argument);
  for (int i = 0; i < 10; i++) {
    const int done = rounds.done.load();
    const auto mask = GetThreadAffinity(0);
    if (done > 0 && rounds.started.load() == done) {
      rounds.checks++;
      if (mask.value() != CpuList{rounds.cpus[done % 2]}) rounds.violations++;
    }
    usleep(100);
  }
  rounds.alive--;
  return nullptr;
}

[[noreturn]] void RunThreadMaker(Rounds& rounds) {
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  for (;;) {
    while (rounds.alive.load() > 8) usleep(20);
    rounds.alive++;
    pthread_t young;
    if (pthread_create(&young, &detached, CheckOwnMask, &rounds) != 0) rounds.alive--;
  }
}

}  // namespace

TEST(the_mask_read_is_the_one_the_c_library_reads) {
  cpu_set_t set;
  REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
  CpuList expected;
  for (uint32_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (CPU_ISSET(cpu, &set)) expected.push_back(cpu);
  }
  auto cpus = GetThreadAffinity(0);
  REQUIRE_OK(cpus);
  CHECK_EQ(cpus.value(), expected);
}

TEST(one_thread_is_pinned_without_the_others) {
  const CpuList two = TwoCpus();
  const CpuList before = GetThreadAffinity(getpid()).value();
  std::thread([&] {
    CHECK_OK(SetThreadAffinity(0, {two[1]}));
    CHECK_EQ(GetThreadAffinity(0).value(), CpuList{two[1]});
    CHECK_EQ(sched_getcpu(), two[1]);
  }).join();
  CHECK_EQ(GetThreadAffinity(getpid()).value(), before);
}

TEST(every_thread_is_pinned_while_threads_come_and_go) {
  const CpuList two = TwoCpus();
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  Child child = ForkChild([&] { RunManyThreads(ready[1]); });
  char byte;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  for (int round = 0; round < 40; round++) {
    const CpuList wanted{two[round % 2]};
    CHECK_OK(SetProcessAffinity(child.pid(), wanted));
    int seen = 0;
    for (const pid_t tid : ThreadsOf(child.pid())) {
      const auto cpus = GetThreadAffinity(tid);
      if (!cpus.ok()) {
        CHECK_ERRNO(cpus, ESRCH);
        continue;
      }
      CHECK_EQ(cpus.value(), wanted);
      seen++;
    }
    CHECK(seen > 30);
  }
  close(ready[0]);
  close(ready[1]);
}

TEST(a_thread_whose_birth_was_under_way_is_pinned_as_well) {
  const CpuList two = TwoCpus();
  void* memory = mmap(nullptr, sizeof(Rounds), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  Rounds& rounds = *new (memory) Rounds;
  rounds.cpus[0] = two[0];
  rounds.cpus[1] = two[1];
  {
    Child child = ForkChild([&] { RunThreadMaker(rounds); });
    for (int round = 1; round <= 300; round++) {
      rounds.started.store(round);
      CHECK_OK(SetProcessAffinity(child.pid(), {two[round % 2]}));
      rounds.done.store(round);
      const int seen = rounds.checks.load();
      while (rounds.checks.load() < seen + 8) usleep(100);
    }
  }
  CHECK_EQ(rounds.violations.load(), 0);
  munmap(memory, sizeof(Rounds));
}

TEST(pid_zero_is_all_threads_of_this_process) {
  const CpuList two = TwoCpus();
  Child child = ForkChild([&] {
    std::vector<std::thread> threads;
    std::atomic<bool> stop{false};
    for (int i = 0; i < 4; i++) {
      threads.emplace_back([&] {
        while (!stop.load()) usleep(100);
      });
    }
    CHECK_OK(SetProcessAffinity(0, {two[0]}));
    for (const pid_t tid : ThreadsOf(getpid())) CHECK_EQ(GetThreadAffinity(tid).value(), CpuList{two[0]});
    stop.store(true);
    for (auto& thread : threads) thread.join();
  });
  CHECK_EXITED(child.Wait(), 0);
}

TEST(a_cpu_that_is_not_there_is_refused_even_beside_one_that_is) {
  const CpuList before = GetThreadAffinity(0).value();
  CHECK_ERRNO(SetThreadAffinity(0, {before[0], 5000}), EINVAL);
  CHECK_ERRNO(SetThreadAffinity(0, {before[0], kMaxCpus - 1}), EINVAL);
  CHECK_ERRNO(SetThreadAffinity(0, {before[0], kMaxCpus}), EINVAL);
  CHECK_ERRNO(SetThreadAffinity(0, {}), EINVAL);
  CHECK_ERRNO(SetProcessAffinity(0, {before[0], 5000}), EINVAL);
  CHECK_EQ(GetThreadAffinity(0).value(), before);
}

TEST(the_usable_cpus_do_not_shrink_with_the_mask) {
  const CpuList usable = UsableCpus();
  const CpuList mask = GetThreadAffinity(0).value();
  for (const uint32_t cpu : mask) {
    CHECK(std::find(usable.begin(), usable.end(), cpu) != usable.end());
  }
  std::thread([&] {
    CHECK_OK(SetThreadAffinity(0, {usable[0]}));
    CHECK_EQ(GetUsableCpus().value(), usable);
    CHECK_EQ(GetThreadAffinity(0).value(), CpuList{usable[0]});
  }).join();
}

TEST(a_process_that_is_gone_is_esrch) {
  Child child = ForkChild([] {});
  const pid_t gone = child.pid();
  CHECK_EXITED(child.Wait(), 0);
  CHECK_ERRNO(GetThreadAffinity(gone), ESRCH);
  CHECK_ERRNO(SetThreadAffinity(gone, {0}), ESRCH);
  CHECK_ERRNO(SetProcessAffinity(gone, {0}), ESRCH);
}

TEST(a_process_of_another_user_is_eperm_and_unchanged) {
  if (geteuid() != 0) SKIP("needs root, to become somebody else");
  const CpuList before = GetThreadAffinity(getpid()).value();
  const pid_t parent = getpid();
  Child child = ForkChild([&] {
    REQUIRE(setuid(kNobody) == 0);
    CHECK_ERRNO(SetProcessAffinity(parent, {before[0]}), before.size() > 1 ? EPERM : 0);
    CHECK_ERRNO(SetThreadAffinity(parent, before), EPERM);
    CHECK_OK(SetProcessAffinity(0, {before[0]}));
  });
  CHECK_EXITED(child.Wait(), 0);
  CHECK_EQ(GetThreadAffinity(parent).value(), before);
}
