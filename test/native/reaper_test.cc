// family/reaper with the real sweep: the dead are swept completely, once, by one reaper at a time; reapers may die too.
#include "accounting.h"

#include <thread>

using namespace forkyard;
using namespace forkyard::test;

namespace {

// A member that holds blocks of many kinds and is killed.
SlotId MakeCorpse(const Family& family, Member& root) {
  SlotId id = family.Reserve(root.id());
  Child child = ForkChild([&] {
    Member self(family, id);
    for (uint64_t bytes : {10, 1000, 100'000, 600'000, 3'000'000}) CHECK(self.Allocate(bytes) != 0);
    uint64_t cell = self.Allocate(50);
    CHECK(self.Acquire(self.Block(cell)) != 0);
    kill(getpid(), SIGKILL);
  });
  CHECK_SIGNALED(child.Wait(), SIGKILL);
  return id;
}

}  // namespace

TEST(a_dead_slot_is_swept_completely) {
  Family family;
  Member root(family);
  SlotId id = MakeCorpse(family, root);
  CHECK(SpansInUse(family.region()) >= 8);
  CHECK_EQ(root.reaper().Reap(id.index), ReapOutcome::kReaped);
  CHECK(IsGone(family.region(), id));
  CHECK(NothingLeaked(family.region(), {root.slot()}));
  CHECK_EQ(root.reaper().Reap(id.index), ReapOutcome::kNotDead);
}

TEST(the_place_of_a_spinner_is_free_again_after_its_death_and_its_retirement) {
  Family family;
  Member root(family);
  auto& spinners = family.region().header().spinners;
  SlotId id = MakeCorpse(family, root);
  spinners[0].store(root.slot() + 1);
  spinners[1].store(id.index + 1);
  CHECK_EQ(root.reaper().Reap(id.index), ReapOutcome::kReaped);
  CHECK_EQ(spinners[0].load(), root.slot() + 1);
  CHECK_EQ(spinners[1].load(), 0u);
  root.reaper().Retire();
  CHECK_EQ(spinners[0].load(), 0u);
}

TEST(nobody_reaps_the_living_the_reserved_or_itself) {
  Family family;
  Member root(family);
  SlotId reserved = family.Reserve(root.id());
  Member thread(family, family.Reserve(root.id()));
  CHECK_EQ(root.reaper().Reap(root.slot()), ReapOutcome::kNotDead);
  CHECK_EQ(root.reaper().Reap(reserved.index), ReapOutcome::kNotDead);
  CHECK_EQ(root.reaper().Reap(thread.slot()), ReapOutcome::kNotDead);
  CHECK_EQ(root.reaper().Reap(100), ReapOutcome::kNotDead);
  CHECK_EQ(root.reaper().ReapAll(), 0);
}

TEST(what_others_still_hold_stays_and_its_spans_become_orphans) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  SlotId id = family.Reserve(root.id());
  SharedWords words(2);
  Child child = ForkChild([&] {
    Member self(family, id);
    words[0].store(self.Block(self.Allocate(5000)));
    words[1].store(self.Block(self.Allocate(2'000'000)));
    for (;;) pause();
  });
  REQUIRE(Eventually([&] { return words[1].load() != 0; }));
  uint64_t small = root.Acquire(words[0].load()), large = root.Acquire(words[1].load());
  CHECK_EQ(root.Count(root.Block(small)), 2);
  std::memset(region.At(root.Block(large) + kBlockHeaderBytes), 0x5a, 2'000'000);
  child.Kill(SIGKILL);
  child.Wait();
  CHECK_EQ(root.reaper().ReapAll(), 1);
  CHECK(CountsMatchCells(region));
  CHECK_EQ(root.Count(root.Block(small)), 1);
  CHECK_EQ(Audit(region).orphans(), 2);
  CHECK_EQ(region.At(root.Block(large) + kBlockHeaderBytes)[1'999'999], 0x5a);
  root.ReturnCell(small);
  root.ReturnCell(large);
  root.allocator().Trim();
  CHECK(NothingLeaked(region, {root.slot()}));
}

TEST(a_slot_whose_reaper_lives_is_left_to_it_even_if_it_is_stopped) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  SlotId corpse = MakeCorpse(family, root);
  SlotId reaper_id = family.Reserve(root.id());
  SharedWords words(1);
  static std::atomic<uint64_t>* claimed;
  claimed = &words[0];
  Child reaper = ForkChild([&] {
    Member self(family, reaper_id);
    Reaper slow{region, self.token(), self.id(), [](const Region&, uint32_t) {
                  claimed->store(1);
                  for (;;) pause();
                }};
    slow.ReapAll();
  });
  REQUIRE(Eventually([&] { return words[0].load() == 1; }));
  reaper.Kill(SIGSTOP);
  CHECK_EQ(root.reaper().Reap(corpse.index), ReapOutcome::kBusy);
  CHECK_EQ(root.reaper().ReapAll(), 0);
  CHECK(!IsGone(region, corpse));
  reaper.Kill(SIGKILL);
  reaper.Wait();
  CHECK_EQ(root.reaper().ReapAll(), 2);
  CHECK(NothingLeaked(region, {root.slot()}));
}

// The claim names the reaper's generation: a newcomer in the dead reaper's slot does not hold it.
TEST(a_claim_is_not_inherited_by_the_next_occupant_of_the_reapers_slot) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  SlotId corpse = MakeCorpse(family, root);
  SlotId reaper_id = family.Reserve(root.id());
  Child reaper = ForkChild([&] {
    Member self(family, reaper_id);
    ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kReaperClaimed), 0);
    self.reaper().Reap(corpse.index);
  });
  CHECK_SIGNALED(reaper.Wait(), SIGKILL);
  CHECK_EQ(root.reaper().Reap(reaper_id.index), ReapOutcome::kReaped);
  SlotId next = family.Reserve(root.id());
  REQUIRE(next.index == reaper_id.index);
  Member newcomer(family, next);
  CHECK_EQ(ConditionOf(region, root.token(), corpse.index), SlotCondition::kDead);
  CHECK_EQ(root.reaper().ReapAll(), 1);
  CHECK(NothingLeaked(region, {root.slot(), next.index}));
}

// A member's children end with it, a moment later: whoever reaped the member waits for them with ReapOrphans.
TEST(orphans_are_counted_until_they_are_dead_and_reaped) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  SlotId parent_id = family.Reserve(root.id());
  SharedWords words(2);
  Child parent = ForkChild([&] {
    Member self(family, parent_id);
    SlotId child_id = family.Reserve(self.id());
    pid_t child = fork();
    if (child == 0) {
      Member grandchild(family, child_id);
      CHECK(grandchild.Allocate(1000) != 0);
      words[1].store(child_id.index);
      for (;;) pause();
    }
    words[0].store(static_cast<uint64_t>(child));
    for (;;) pause();
  });
  REQUIRE(Eventually([&] { return words[0].load() != 0 && words[1].load() != 0; }));
  uint32_t index = static_cast<uint32_t>(words[1].load());
  CHECK(!IsOrphan(region, index));
  CHECK(!IsOrphan(region, root.slot()));
  CHECK_EQ(root.reaper().ReapOrphans(), 0);
  parent.Kill(SIGKILL);
  parent.Wait();
  CHECK_EQ(root.reaper().Reap(parent_id.index), ReapOutcome::kReaped);
  CHECK(IsOrphan(region, index));
  CHECK_EQ(root.reaper().ReapOrphans(), 1);  // it lives
  CHECK_EQ(ConditionOf(region, root.token(), index), SlotCondition::kAlive);
  kill(static_cast<pid_t>(words[0].load()), SIGKILL);
  CHECK(Eventually([&] { return root.reaper().ReapOrphans() == 0; }));
  CHECK(NothingLeaked(region, {root.slot()}));
}

TEST(many_reapers_at_once_reap_each_slot_once) {
  Family family;
  Member root(family);
  for (int round = 0; round < 15; round++) {
    for (int i = 0; i < 4; i++) MakeCorpse(family, root);
    SharedWords words(2);  // go, reaped
    std::vector<SlotId> ids;
    for (int i = 0; i < 3; i++) ids.push_back(family.Reserve(root.id()));
    std::vector<Child> reapers;
    for (SlotId id : ids) {
      reapers.push_back(ForkChild([&, id] {
        Member self(family, id);
        while (words[0].load() == 0) {
        }
        words[1].fetch_add(self.reaper().ReapAll());
        self.reaper().Retire();
      }));
    }
    words[0].store(1);
    for (Child& reaper : reapers) CHECK_EXITED(reaper.Wait(), 0);
    // What a reaper left to another that was at it is done by now.
    words[1].fetch_add(root.reaper().ReapAll());
    CHECK_EQ(words[1].load(), 4);
    CHECK(NothingLeaked(family.region(), {root.slot()}));
  }
}

TEST(retiring_gives_everything_back_and_the_slot_is_free_at_once) {
  Family family;
  Member root(family);
  SlotId id = family.Reserve(root.id());
  Child child = ForkChild([&] {
    Member self(family, id);
    for (uint64_t bytes : {10, 600'000, 3'000'000}) CHECK(self.Allocate(bytes) != 0);
    self.reaper().Retire();
    self.reaper().Retire();  // once more is nothing
    Member second(family, family.Reserve(root.id()));
    CHECK_EQ(second.slot(), id.index);
    second.reaper().Retire();
  });
  CHECK_EXITED(child.Wait(), 0);
  CHECK_EQ(root.reaper().ReapAll(), 0);
  CHECK(NothingLeaked(family.region(), {root.slot()}));
}

TEST(a_death_in_the_middle_of_retiring_is_a_death_like_any_other) {
  Family family;
  Member root(family);
  for (CrashPointId point : {CrashPointId::kReaperIntentSettled, CrashPointId::kReaperCellReleased,
                             CrashPointId::kReaperLedgerSwept, CrashPointId::kReaperSpanSwept,
                             CrashPointId::kReferenceCountChanged, CrashPointId::kSpanPagesPunched,
                             CrashPointId::kSpanEntryFreed, CrashPointId::kSpanQuotaGiven}) {
    SlotId id = family.Reserve(root.id());
    Child child = ForkChild([&] {
      Member self(family, id);
      for (uint64_t bytes : {10, 600'000, 3'000'000}) CHECK(self.Allocate(bytes) != 0);
      ArmCrashPoint(static_cast<uint32_t>(point), 0);
      self.reaper().Retire();
    });
    CHECK_SIGNALED(child.Wait(), SIGKILL);
    CHECK_EQ(root.reaper().ReapAll(), 1);
    CHECK(NothingLeaked(family.region(), {root.slot()}, "point " + std::to_string(static_cast<int>(point))));
  }
}
