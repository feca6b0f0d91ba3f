// family/slots: reserve, claim, cancel, and who counts as dead. Races for a slot are run for real.
#include "family/slots.h"

#include <thread>

#include "accounting.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

SlotState StateOf(const Family& family, uint32_t index) {
  return SlotWord::Unpack(family.region().slot(index).word.load()).state;
}

// A child with the slot claimed, asleep.
Child ForkMember(const Family& family, SlotId id) {
  Child child = ForkChild([&family, id] {
    Member self(family, id);
    for (;;) pause();
  });
  CHECK(Eventually([&] { return StateOf(family, id.index) == SlotState::kLive; }));
  return child;
}

}  // namespace

TEST(a_slot_goes_from_free_to_reserved_to_live_and_back) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  CHECK_EQ(ConditionOf(region, root.token(), 5), SlotCondition::kUnused);
  SlotId id = family.Reserve(root.id());
  CHECK_EQ(ConditionOf(region, root.token(), id.index), SlotCondition::kReserved);
  CHECK(!IsGone(region, id));
  {
    Member second(family, id);
    CHECK_EQ(ConditionOf(region, root.token(), id.index), SlotCondition::kAlive);
    CHECK_EQ(region.slot(id.index).pid.load(), getpid());
    CHECK(!IsGone(region, id));
    second.reaper().Retire();
  }
  CHECK_EQ(ConditionOf(region, root.token(), id.index), SlotCondition::kUnused);
  CHECK(IsGone(region, id));
  SlotId again = family.Reserve(root.id());
  CHECK_EQ(again.index, id.index);
  CHECK_EQ(again.generation, id.generation + 1);
  CHECK(IsGone(region, id));
}

TEST(a_stale_reservation_cannot_be_claimed_or_cancelled) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  SlotId id = family.Reserve(root.id());
  CHECK(CancelReservation(region, id));
  CHECK(!CancelReservation(region, id));
  CHECK_ERRNO(ClaimSlot(region, root.token(), id), ESTALE);
  SlotId next = family.Reserve(root.id());
  CHECK_EQ(next.index, id.index);
  CHECK_ERRNO(ClaimSlot(region, root.token(), id), ESTALE);
  CHECK(!CancelReservation(region, id));
  CHECK_OK(ClaimSlot(region, root.token(), next));
  CHECK_ERRNO(ClaimSlot(region, root.token(), next), ESTALE);
  CHECK(!CancelReservation(region, next));
}

TEST(generations_run_over_the_end_of_their_numbers) {
  Family family;
  Member root(family);
  std::atomic<uint64_t>& word = family.region().slot(1).word;
  word.store(SlotWord{SlotState::kFree, 0, 0, 0xffffffff}.Pack());
  SlotId id = family.Reserve(root.id());
  CHECK_EQ(id.generation, 0xffffffff);
  Child child = ForkMember(family, id);
  child.Kill(SIGKILL);
  child.Wait();
  CHECK_EQ(root.reaper().ReapAll(), 1);
  CHECK(IsGone(family.region(), id));
  CHECK_EQ(family.Reserve(root.id()).generation, 0);
}

TEST(when_all_slots_are_taken_there_is_none) {
  Family family;
  Member root(family);
  std::vector<SlotId> taken;
  while (std::optional<SlotId> id = ReserveSlot(family.region(), root.id())) taken.push_back(*id);
  CHECK_EQ(taken.size(), kNoSlot - 1);
  CHECK(CancelReservation(family.region(), taken[1234]));
  CHECK_EQ(family.Reserve(root.id()).index, taken[1234].index);
  CHECK(!ReserveSlot(family.region(), root.id()).has_value());
}

TEST(the_dead_are_told_from_the_stopped_and_the_living) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  SlotId id = family.Reserve(root.id());
  Child child = ForkMember(family, id);
  CHECK_EQ(ConditionOf(region, root.token(), id.index), SlotCondition::kAlive);
  child.Kill(SIGSTOP);
  CHECK_EQ(ConditionOf(region, root.token(), id.index), SlotCondition::kAlive);
  child.Kill(SIGKILL);
  siginfo_t info{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT) == 0);
  CHECK_EQ(ConditionOf(region, root.token(), id.index), SlotCondition::kDead);  // a zombie
}

TEST(a_reservation_dies_with_its_parent) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  SlotId parent = family.Reserve(root.id());
  Child child = ForkChild([&] {
    Member self(family, parent);
    (void)family.Reserve(self.id());
    for (;;) pause();
  });
  REQUIRE(Eventually([&] { return StateOf(family, parent.index + 1) == SlotState::kReserved; }));
  SlotId orphan{parent.index + 1, 0};
  CHECK_EQ(ConditionOf(region, root.token(), orphan.index), SlotCondition::kReserved);
  child.Kill(SIGKILL);
  child.Wait();
  CHECK_EQ(ConditionOf(region, root.token(), orphan.index), SlotCondition::kDead);
  CHECK_EQ(root.reaper().ReapAll(), 2);
  CHECK_ERRNO(ClaimSlot(region, root.token(), orphan), ESTALE);  // a late child must not run
}

// A slot that its parent's later incarnation shares nothing with: the generation tells them apart.
TEST(a_reservation_is_dead_when_its_parents_slot_has_a_new_occupant) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  SlotId parent = family.Reserve(root.id());
  Member first(family, parent);
  SlotId orphan = family.Reserve(first.id());
  first.reaper().Retire();
  SlotId next = family.Reserve(root.id());
  CHECK_EQ(next.index, parent.index);
  Member second(family, next);
  CHECK_EQ(ConditionOf(region, root.token(), orphan.index), SlotCondition::kDead);
}

TEST(one_of_many_processes_wins_a_slot_and_the_losers_leave_no_token) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  for (int round = 0; round < 20; round++) {
    SlotId id = family.Reserve(root.id());
    SharedWords words(3);  // go, winners, losers
    std::vector<Child> racers;
    for (int i = 0; i < 4; i++) {
      racers.push_back(ForkChild([&] {
        ProcessToken token = family.Token();
        while (words[0].load() == 0) {
        }
        os::Result<void> claimed = ClaimSlot(region, token, id);
        if (!claimed) CHECK_ERRNO(claimed, ESTALE);
        words[claimed.ok() ? 1 : 2].fetch_add(1);
        if (!claimed) return;
        for (;;) pause();
      }));
    }
    words[0].store(1);
    REQUIRE(Eventually([&] { return words[1].load() + words[2].load() == 4; }));
    CHECK_EQ(words[1].load(), 1);
    CHECK_EQ(ConditionOf(region, root.token(), id.index), SlotCondition::kAlive);
    pid_t winner = static_cast<pid_t>(region.slot(id.index).pid.load());
    for (Child& racer : racers) {
      if (racer.pid() == winner) racer.Kill(SIGKILL);
      racer.Wait();
    }
    CHECK_EQ(ConditionOf(region, root.token(), id.index), SlotCondition::kDead);
    CHECK_EQ(root.reaper().ReapAll(), 1);
  }
}

// It waited for the token while the winner claimed, worked and died: it must change nothing of what the winner left.
TEST(a_late_claimant_that_gets_a_dead_winners_token_disturbs_nothing) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  for (int round = 0; round < 30; round++) {
    SlotId id = family.Reserve(root.id());
    SharedWords words(2);  // the winner has the token, the late one waits for it
    Child winner = ForkChild([&] {
      REQUIRE_OK(os::LockByte(family.liveness_fd(), id.index));
      words[0].store(1);
      while (words[1].load() == 0) {
      }
      usleep(300);
      Member self(family, id);
      CHECK(self.Allocate(100) != 0);
      kill(getpid(), SIGKILL);
    });
    Child late = ForkChild([&] {
      ProcessToken token = family.Token();
      while (words[0].load() == 0) {
      }
      words[1].store(1);
      CHECK_ERRNO(ClaimSlot(region, token, id), ESTALE);
      CHECK_EQ(region.slot(id.index).pid.load(), static_cast<uint32_t>(winner.pid()));
    });
    CHECK_SIGNALED(winner.Wait(), SIGKILL);
    CHECK_EXITED(late.Wait(), 0);
    CHECK_EQ(region.slot(id.index).ledger_high.load(), 1);
    CHECK_EQ(root.reaper().ReapAll(), 1);
    CHECK(NothingLeaked(region, {root.slot()}));
  }
}

// The last occupant's pid is that of a process which lives: the newcomer, killed right after it got the slot, must
// not be taken for one of that process's environments.
TEST(a_claimant_killed_at_once_is_dead_even_to_the_process_that_had_the_slot_before) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  for (CrashPointId point : {CrashPointId::kSlotTokenTaken, CrashPointId::kSlotClaimed}) {
    SlotId id = family.Reserve(root.id());
    Member(family, id).reaper().Retire();
    SlotId next = family.Reserve(root.id());
    REQUIRE(next.index == id.index);
    Child child = ForkChild([&] {
      ArmCrashPoint(static_cast<uint32_t>(point), 0);
      Member self(family, next);
    });
    CHECK_SIGNALED(child.Wait(), SIGKILL);
    if (point == CrashPointId::kSlotTokenTaken) {
      CHECK(CancelReservation(region, next));
    } else {
      CHECK_EQ(root.reaper().ReapAll(), 1);
    }
    CHECK(IsGone(region, next));
  }
}

// F_GETLK does not show a process its own locks: between the claim and the moment at which its pid is known, a thread's
// slot must not look dead to its siblings.
TEST(a_thread_that_claims_a_slot_never_looks_dead_to_its_siblings) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  std::atomic<bool> done{false};
  std::atomic<uint64_t> rounds{0};
  std::thread claimant([&] {
    for (int round = 0; round < 20'000; round++) {
      SlotId id = family.Reserve(root.id());
      Member self(family, id);
      CHECK_EQ(StateOf(family, id.index), SlotState::kLive);
      self.reaper().Retire();
      CHECK(IsGone(region, id));
      rounds.fetch_add(1);
      // Another process was here: the pid in the slot is not ours.
      region.slot(id.index).pid.store(1);
    }
    done.store(true);
  });
  uint64_t reaped = 0;
  while (!done.load()) reaped += root.reaper().ReapAll();
  claimant.join();
  CHECK_EQ(reaped, 0);
  CHECK_EQ(rounds.load(), 20'000);
}

// Record locks belong to the process: a thread with a stale reservation must not drop the token of its sibling.
TEST(a_failed_claim_leaves_a_siblings_token_alone) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  for (int round = 0; round < 300; round++) {
    SlotId stale = family.Reserve(root.id());
    std::atomic<int> ready{0};
    std::thread late([&] {
      ready.fetch_add(1);
      while (ready.load() < 2) {
      }
      os::Result<void> claimed = ClaimSlot(region, root.token(), stale);
      if (claimed) (void)Reaper{region, root.token(), stale, SweepSlot}.Retire();
    });
    while (ready.load() < 1) {
    }
    ready.fetch_add(1);
    bool cancelled = CancelReservation(region, stale);
    std::optional<Member> sibling;
    if (cancelled) sibling.emplace(family, family.Reserve(root.id()));
    late.join();
    if (!sibling) continue;
    Child judge = ForkChild([&] {
      CHECK_EQ(ConditionOf(region, family.Token(), sibling->slot()), SlotCondition::kAlive);
    });
    CHECK_EQ(judge.Wait(), 0);
    sibling->reaper().Retire();
  }
}

TEST(threads_reserving_at_once_get_different_slots) {
  Family family;
  Member root(family);
  std::array<std::vector<SlotId>, 4> got;
  std::vector<std::thread> threads;
  for (auto& mine : got) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; i++) mine.push_back(*ReserveSlot(family.region(), root.id()));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<uint32_t> all;
  for (const auto& mine : got) {
    for (SlotId id : mine) all.push_back(id.index);
  }
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  CHECK_EQ(all.size(), 2000);
  CHECK_EQ(family.region().header().slots_high.load(), all.back() + 1);
}

TEST(a_renewed_reservation_is_for_another_child) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  const SlotId first = family.Reserve(root.id());
  const std::optional<SlotId> second = RenewReservation(region, first);
  REQUIRE(second.has_value());
  CHECK_EQ(second->index, first.index);
  CHECK(second->generation != first.generation);
  CHECK_ERRNO(ClaimSlot(region, family.Token(), first), ESTALE);
  CHECK(!RenewReservation(region, first));
  CHECK(!CancelReservation(region, first));
  CHECK_OK(ClaimSlot(region, family.Token(), *second));
  CHECK(!RenewReservation(region, *second));
}

TEST(of_a_claim_and_a_renewal_at_once_one_succeeds) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  for (int round = 0; round < 300; round++) {
    const SlotId id = family.Reserve(root.id());
    std::atomic<int> claimed{0};
    std::thread claimer([&] { claimed = ClaimSlot(region, family.Token(), id).ok() ? 1 : 0; });
    const std::optional<SlotId> renewed = RenewReservation(region, id);
    claimer.join();
    CHECK_EQ(claimed.load() + (renewed ? 1 : 0), 1);
    if (renewed) CHECK(CancelReservation(region, *renewed));
  }
}
