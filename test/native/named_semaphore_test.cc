// os/named_semaphore: permits between processes, time-outs on the monotonic clock (both ways of waiting), interruptions.
#include "os/named_semaphore.h"

#include <fcntl.h>
#include <pthread.h>

#include <thread>

#include "check.h"
#include "os/clock.h"

using namespace forkyard::os;
using forkyard::test::Child;
using forkyard::test::ForkChild;

namespace {

constexpr uint64_t kMs = 1'000'000;

std::string TestName(const char* what) { return "/fy-sem-" + std::to_string(getpid()) + "-" + what; }

void OnSignal(int) {}

// Without SA_RESTART: every system call that can be interrupted is.
void HandleWithoutRestart(int signal_number) {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigaction(signal_number, &action, nullptr);
}

// The semaphore under a name that is removed at once: nothing can be left behind.
NamedSemaphore Unnamed(const char* what, unsigned value) {
  const std::string name = TestName(what);
  auto created = NamedSemaphore::Create(name, value);
  REQUIRE_OK(created);
  REQUIRE_OK(NamedSemaphore::Unlink(name));
  return created.take();
}

}  // namespace

TEST(creating_opening_and_unlinking) {
  const std::string name = TestName("names");
  CHECK_ERRNO(NamedSemaphore::Open(name), ENOENT);
  auto first = NamedSemaphore::Create(name, 3);
  REQUIRE_OK(first);
  CHECK_ERRNO(NamedSemaphore::Create(name, 1), EEXIST);
  auto second = NamedSemaphore::CreateOrOpen(name, 9);
  REQUIRE_OK(second);
  CHECK_EQ(second.value().Value().value(), 3);
  CHECK_OK(second.value().Post());
  CHECK_EQ(first.value().Value().value(), 4);
  CHECK_OK(NamedSemaphore::Unlink(name));
  CHECK_ERRNO(NamedSemaphore::Unlink(name), ENOENT);
  // The name is gone, the semaphore is not.
  CHECK_OK(first.value().Wait());
  CHECK_EQ(second.value().Value().value(), 3);
}

TEST(bad_names_and_values_are_errors) {
  CHECK_ERRNO(NamedSemaphore::Create("/a/b", 0), EINVAL);
  CHECK_ERRNO(NamedSemaphore::Create(TestName("v"), static_cast<unsigned>(SEM_VALUE_MAX) + 1u), EINVAL);
  CHECK_ERRNO(NamedSemaphore::Open("/a" + std::string("\0b", 2)), EINVAL);
  CHECK_ERRNO(NamedSemaphore::Unlink("/a" + std::string("\0b", 2)), EINVAL);
}

TEST(a_full_semaphore_refuses_a_post) {
  NamedSemaphore semaphore = Unnamed("full", SEM_VALUE_MAX);
  CHECK_ERRNO(semaphore.Post(), EOVERFLOW);
  CHECK_EQ(semaphore.Value().value(), SEM_VALUE_MAX);
}

TEST(try_wait_takes_what_is_there_and_no_more) {
  NamedSemaphore semaphore = Unnamed("try", 2);
  CHECK_EQ(semaphore.TryWait().value(), true);
  CHECK_EQ(semaphore.TryWait().value(), true);
  CHECK_EQ(semaphore.TryWait().value(), false);
}

TEST(a_timed_wait_ends_no_sooner_than_its_deadline) {
  NamedSemaphore semaphore = Unnamed("timed", 0);
  const uint64_t deadline = MonotonicNs() + 30 * kMs;
  const auto taken = semaphore.WaitUntil(deadline);
  REQUIRE_OK(taken);
  CHECK_EQ(taken.value(), false);
  CHECK(MonotonicNs() >= deadline);
}

TEST(a_permit_is_taken_even_when_the_deadline_is_over) {
  NamedSemaphore semaphore = Unnamed("over", 1);
  CHECK_EQ(semaphore.WaitUntil(0).value(), true);
  CHECK_EQ(semaphore.WaitUntil(0).value(), false);
}

TEST(another_process_wakes_both_kinds_of_wait) {
  const std::string ask = TestName("ask");
  const std::string answer = TestName("answer");
  auto asked = NamedSemaphore::Create(ask, 0);
  auto answered = NamedSemaphore::Create(answer, 0);
  REQUIRE_OK(asked);
  REQUIRE_OK(answered);
  Child child = ForkChild([&] {
    auto mine = NamedSemaphore::Open(ask);
    auto theirs = NamedSemaphore::Open(answer);
    REQUIRE_OK(mine);
    REQUIRE_OK(theirs);
    for (int i = 0; i < 500; i++) {
      CHECK_OK(mine.value().Wait());
      CHECK_OK(theirs.value().Post());
    }
  });
  for (int i = 0; i < 500; i++) {
    CHECK_OK(asked.value().Post());
    CHECK_EQ(answered.value().WaitUntil(MonotonicNs() + 60'000 * kMs).value(), true);
  }
  CHECK_EXITED(child.Wait(), 0);
  CHECK_OK(NamedSemaphore::Unlink(ask));
  CHECK_OK(NamedSemaphore::Unlink(answer));
}

TEST(signals_neither_end_nor_prolong_a_wait) {
  NamedSemaphore semaphore = Unnamed("signals", 0);
  HandleWithoutRestart(SIGUSR1);
  const pthread_t waiter = pthread_self();
  std::atomic<bool> stop{false};
  std::thread disturber([&] {
    while (!stop.load()) pthread_kill(waiter, SIGUSR1);
  });
  const uint64_t deadline = MonotonicNs() + 50 * kMs;
  const auto taken = semaphore.WaitUntil(deadline);
  CHECK_EQ(taken.value(), false);
  CHECK(MonotonicNs() >= deadline);

  std::thread poster([&] { CHECK_OK(semaphore.Post()); });
  CHECK_OK(semaphore.Wait());
  stop.store(true);
  disturber.join();
  poster.join();
  CHECK_EQ(semaphore.Value().value(), 0);
}

TEST(a_killed_waiter_takes_no_permit_along) {
  const std::string name = TestName("killed");
  auto semaphore = NamedSemaphore::Create(name, 0);
  REQUIRE_OK(semaphore);
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  Child child = ForkChild([&] {
    auto mine = NamedSemaphore::Open(name);
    REQUIRE(write(ready[1], "x", 1) == 1);
    (void)mine.value().Wait().ok();
  });
  char byte;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  child.Kill(SIGKILL);
  CHECK_SIGNALED(child.Wait(), SIGKILL);
  CHECK_OK(semaphore.value().Post());
  CHECK_EQ(semaphore.value().TryWait().value(), true);
  CHECK_OK(NamedSemaphore::Unlink(name));
  close(ready[0]);
  close(ready[1]);
}

TEST(threads_that_share_a_semaphore_lose_no_permit) {
  NamedSemaphore semaphore = Unnamed("threads", 0);
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; i++) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; n++) taken += semaphore.WaitUntil(MonotonicNs() + 60'000 * kMs).value() ? 1 : 0;
    });
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; n++) CHECK_OK(semaphore.Post());
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK_EQ(taken.load(), kThreads * kEach);
  CHECK_EQ(semaphore.Value().value(), 0);
}

TEST(the_wait_by_time_of_day_keeps_monotonic_deadlines_too) {
  const std::string name = TestName("fallback");
  sem_t* semaphore = sem_open(name.c_str(), O_CREAT | O_EXCL, 0600, 1);
  REQUIRE(semaphore != SEM_FAILED);
  REQUIRE(sem_unlink(name.c_str()) == 0);
  CHECK_EQ(internal::WaitUntilByTimeOfDay(semaphore, 0).value(), true);
  CHECK_EQ(internal::WaitUntilByTimeOfDay(semaphore, 0).value(), false);
  // Longer than one of its waits.
  const uint64_t deadline = MonotonicNs() + 1100 * kMs;
  CHECK_EQ(internal::WaitUntilByTimeOfDay(semaphore, deadline).value(), false);
  CHECK(MonotonicNs() >= deadline);

  std::thread poster([&] { CHECK(sem_post(semaphore) == 0); });
  CHECK_EQ(internal::WaitUntilByTimeOfDay(semaphore, MonotonicNs() + 60'000 * kMs).value(), true);
  poster.join();
  sem_close(semaphore);
}
