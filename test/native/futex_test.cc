// os/futex: wakes across processes and mappings, absolute deadlines, interruption.
#include "os/futex.h"

#include <pthread.h>

#include <thread>

#include "os/mapping.h"
#include "support.h"

using namespace forkyard;
using namespace forkyard::os;
using namespace forkyard::test;

TEST(another_process_with_another_mapping_wakes_the_sleeper) {
  Result<UniqueFd> file = CreateMemfd("futex", 4096);
  REQUIRE_OK(file);
  auto map = [&] {
    Result<Mapping> mapping = Mapping::MapShared(file.value().get(), 4096);
    REQUIRE_OK(mapping);
    return mapping.take();
  };
  Mapping ours = map();
  auto* words = reinterpret_cast<std::atomic<uint32_t>*>(ours.data());
  Child child = ForkChild([&] {
    Mapping theirs = map();
    auto* word = reinterpret_cast<std::atomic<uint32_t>*>(theirs.data());
    word[1].store(1);
    while (word[0].load() == 0) (void)FutexWait(&word[0], 0, kNoDeadline);
    return 5;
  });
  REQUIRE(Eventually([&] { return words[1].load() == 1; }));
  words[0].store(1);
  FutexWake(&words[0]);
  CHECK_EXITED(child.Wait(), 5);
}

TEST(a_word_that_differs_is_not_waited_for) {
  std::atomic<uint32_t> word{3};
  CHECK_EQ(FutexWait(&word, 2, kNoDeadline), FutexOutcome::kValueDiffers);
}

TEST(a_deadline_is_kept_and_one_in_the_past_has_passed) {
  std::atomic<uint32_t> word{0};
  CHECK_EQ(FutexWait(&word, 0, 0), FutexOutcome::kTimedOut);
  CHECK_EQ(FutexWait(&word, 0, MonotonicNs() - 1), FutexOutcome::kTimedOut);
  uint64_t deadline = MonotonicNs() + 30'000'000;
  CHECK_EQ(FutexWait(&word, 0, deadline), FutexOutcome::kTimedOut);
  CHECK(MonotonicNs() >= deadline);
}

TEST(a_signal_interrupts_and_does_not_move_the_deadline) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, nullptr);
  std::atomic<uint32_t> word{0};
  std::atomic<bool> done{false};
  std::thread disturber([&, target = pthread_self()] {
    while (!done.load()) {
      pthread_kill(target, SIGUSR1);
      usleep(1000);
    }
  });
  uint64_t deadline = MonotonicNs() + 100'000'000;
  uint32_t interruptions = 0;
  for (;;) {
    FutexOutcome outcome = FutexWait(&word, 0, deadline);
    if (outcome == FutexOutcome::kTimedOut) break;
    CHECK_EQ(outcome, FutexOutcome::kInterrupted);
    interruptions++;
  }
  CHECK(MonotonicNs() >= deadline);
  CHECK(interruptions > 0);
  done.store(true);
  disturber.join();
}

TEST(a_wake_may_be_for_one_or_for_all) {
  std::atomic<uint32_t> word{0};
  std::atomic<uint32_t> woken{0};
  std::vector<std::thread> sleepers;
  for (int i = 0; i < 3; i++) {
    sleepers.emplace_back([&] {
      while (word.load() == 0) (void)FutexWait(&word, 0, kNoDeadline);
      woken.fetch_add(1);
    });
  }
  word.store(1);
  // One after the other: a sleeper that is not there yet sees the word instead.
  CHECK(Eventually([&] {
    FutexWake(&word, 1);
    return woken.load() == 3;
  }));
  for (std::thread& sleeper : sleepers) sleeper.join();
}
