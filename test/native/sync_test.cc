// sync/ with real deaths: what a dead slot owned is free for the next, who is told; its wish is forgotten; reapers may die.
#include "support.h"
#include "sync/sweep.h"
#include "sync/sync_block.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

uint64_t CreateSync(Member& member, const SyncShape& shape) {
  uint64_t cell = member.Allocate(shape.bytes());
  REQUIRE(cell != 0);
  std::memset(member.region().At(member.Block(cell) + kBlockHeaderBytes), 0, shape.bytes());
  InitializeSync(member.region(), member.Block(cell), shape);
  return member.Block(cell);
}

// As JavaScript does.
bool Take(const Region& region, uint64_t block, uint32_t index, uint32_t slot) {
  uint32_t free = 0;
  return OwnerCell(SyncBlockAt(region, block), index).compare_exchange_strong(free, slot + 1);
}

void Want(const Region& region, uint64_t block, uint32_t slot) {
  SyncBlockAt(region, block).wants[slot / 32].fetch_or(1u << slot % 32);
}

uint32_t Owner(const Region& region, uint64_t block, uint32_t index) {
  return OwnerCell(SyncBlockAt(region, block), index).load();
}

// A member that owns all permits but the first, wants one more, and is killed.
SlotId MakeDeadOwner(const Family& family, Member& root, uint64_t block) {
  SlotId id = family.Reserve(root.id());
  Child child = ForkChild([&] {
    Member self(family, id);
    CHECK(self.Acquire(block) != 0);
    SyncBlock& sync = SyncBlockAt(family.region(), block);
    for (uint32_t index = 1; index < sync.owners; index++) CHECK(Take(family.region(), block, index, self.slot()));
    Want(family.region(), block, self.slot());
    sync.bar.store(self.slot() + 1);
    kill(getpid(), SIGKILL);
  });
  CHECK_SIGNALED(child.Wait(), SIGKILL);
  return id;
}

void CheckSwept(const Region& region, uint64_t block, SlotId dead, uint32_t root_slot) {
  SyncBlock& sync = SyncBlockAt(region, block);
  CHECK_EQ(Owner(region, block, 0), root_slot + 1);
  for (uint32_t index = 1; index < sync.owners; index++) CHECK_EQ(Owner(region, block, index), kOwnerDied);
  CHECK_EQ(sync.wants[dead.index / 32].load() & (1u << dead.index % 32), 0u);
  CHECK_EQ(sync.bar.load(), 0u);
}

}  // namespace

TEST(what_a_dead_slot_owned_is_free_and_marked_and_its_wish_forgotten) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  uint64_t block = CreateSync(root, {.owners = 40});
  CHECK(Take(region, block, 0, root.slot()));
  SlotId dead = MakeDeadOwner(family, root, block);
  uint32_t turn = SyncBlockAt(region, block).turn.load();
  CHECK_EQ(root.reaper().Reap(dead.index), ReapOutcome::kReaped);
  CheckSwept(region, block, dead, root.slot());
  CHECK(SyncBlockAt(region, block).turn.load() != turn);
  CHECK_EQ(root.Count(block), 1);
}

TEST(an_environment_that_retires_leaves_nothing_held) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  uint64_t block = CreateSync(root, {.owners = 1});
  {
    Member thread(family, family.Reserve(root.id()));
    CHECK(thread.Acquire(block) != 0);
    CHECK(Take(region, block, 0, thread.slot()));
    thread.reaper().Retire();
  }
  CHECK_EQ(Owner(region, block, 0), kOwnerDied);
}

TEST(a_block_without_references_of_the_dead_is_left_alone) {
  Family family;
  Member root(family);
  uint64_t block = CreateSync(root, {.owners = 3});
  CHECK(Take(family.region(), block, 0, root.slot()));
  Want(family.region(), block, root.slot());
  SweepSlot(family.region(), root.slot() + 1);
  CHECK_EQ(Owner(family.region(), block, 0), root.slot() + 1);
}

TEST(a_block_that_lies_about_its_owners_is_left_alone) {
  Family family;
  Member root(family);
  uint64_t block = CreateSync(root, {.owners = 2});
  const Region& region = family.region();
  CHECK(Take(region, block, 0, root.slot()));
  SyncBlock& sync = SyncBlockAt(region, block);
  // Beyond it, and all the same where it says that it has words of slots besides.
  std::atomic<uint32_t>& beyond = OwnerCell(sync, 20'000);
  beyond.store(root.slot() + 1);
  for (SlotWords words : {SlotWords::kNone, SlotWords::kGrants, SlotWords::kArrivals}) {
    for (uint32_t owners : {20'001u, 0xffffffffu}) {
      sync.owners = owners;
      sync.slot_words = words;
      sync.block.payload_bytes = 20'000;
      SweepSyncBlock(region, block, root.slot(), sync.block.payload_bytes);
      CHECK_EQ(Owner(region, block, 0), root.slot() + 1);
      CHECK_EQ(beyond.load(), root.slot() + 1);
    }
  }
}

TEST(who_blocks_at_it_is_woken_by_the_sweep) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  uint64_t block = CreateSync(root, {.owners = 2});
  CHECK(Take(region, block, 0, root.slot()));
  SlotId dead = MakeDeadOwner(family, root, block);
  SyncBlock& sync = SyncBlockAt(region, block);
  uint32_t turn = sync.turn.load();
  CHECK(!Park(region, root.slot(), os::MonotonicNs() + 1'000'000, [&] { return sync.turn.load() != turn; }));
  CHECK_EQ(root.reaper().Reap(dead.index), ReapOutcome::kReaped);
  CHECK(Park(region, root.slot(), os::MonotonicNs(), [&] { return sync.turn.load() != turn; }));
}

TEST(a_sleep_that_blocks_is_another_than_the_one_that_was_announced) {
  Family family;
  Member self(family);
  std::atomic<uint32_t>& epoch = family.region().slot(self.slot()).epoch;
  epoch.store(7);
  CHECK(!Park(family.region(), self.slot(), os::MonotonicNs(), [&] {
    CHECK_EQ(epoch.load(), 9u);
    return false;
  }));
  CHECK_EQ(epoch.load(), 10u);
}

namespace {

// A member that has a word in the block, wants what is there, and is killed.
SlotId MakeDeadWaiter(const Family& family, Member& root, uint64_t block, uint32_t word) {
  SlotId id = family.Reserve(root.id());
  Child child = ForkChild([&] {
    Member self(family, id);
    CHECK(self.Acquire(block) != 0);
    Want(family.region(), block, self.slot());
    SlotWord(SyncBlockAt(family.region(), block), self.slot()).store(word);
    kill(getpid(), SIGKILL);
  });
  CHECK_SIGNALED(child.Wait(), SIGKILL);
  return id;
}

void WaitAt(const Region& region, uint64_t block, uint32_t slot, uint32_t word) {
  Want(region, block, slot);
  SlotWord(SyncBlockAt(region, block), slot).store(word);
}

}  // namespace

TEST(notifications_of_the_dead_go_to_those_who_have_none) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  uint64_t block = CreateSync(root, {.slot_words = SlotWords::kGrants});
  SyncBlock& sync = SyncBlockAt(region, block);
  SlotId dead = MakeDeadWaiter(family, root, block, 3 + 3 * kGrant);
  // Two wait here, one of whom was notified; one elsewhere; so one of the three is for nobody any more.
  WaitAt(region, block, root.slot(), 2 + kGrant);
  WaitAt(region, block, 4000, 1);
  CHECK_EQ(root.reaper().Reap(dead.index), ReapOutcome::kReaped);
  CHECK_EQ(SlotWord(sync, dead.index).load(), 0u);
  CHECK_EQ(SlotWord(sync, root.slot()).load(), 2 + 2 * kGrant);
  CHECK_EQ(SlotWord(sync, 4000).load(), 1 + kGrant);
}

TEST(a_barrier_that_a_dead_party_waits_at_is_broken) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  uint64_t block = CreateSync(root, {.slot_words = SlotWords::kArrivals});
  SyncBlock& sync = SyncBlockAt(region, block);
  const uint32_t now = 5 * kGeneration;
  struct Case {
    uint32_t state, word, after;
  };
  for (const Case& one : {
           Case{now | 2, now | kWaits, now | 2 | kBroken},
           Case{now | 2 | kBroken, now | kWaits, now | 2 | kBroken},
           // It has passed already, or has not arrived anywhere.
           Case{now | 2, (now - kGeneration) | kWaits, now | 2},
           Case{now | 2, 0, now | 2},
           Case{now, now | kWaits, now},
       }) {
    sync.state.store(one.state);
    SlotId dead = MakeDeadWaiter(family, root, block, one.word);
    CHECK_EQ(root.reaper().Reap(dead.index), ReapOutcome::kReaped);
    CHECK_EQ(sync.state.load(), one.after);
    CHECK_EQ(SlotWord(sync, dead.index).load(), 0u);
  }
}

#if FORKYARD_CRASH_POINTS
TEST(a_reaper_that_dies_while_it_passes_on_gives_twice_rather_than_never) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  uint64_t block = CreateSync(root, {.slot_words = SlotWords::kGrants});
  SlotId dead = MakeDeadWaiter(family, root, block, 2 + 2 * kGrant);
  WaitAt(region, block, root.slot(), 5);
  SlotId reaper = family.Reserve(root.id());
  Child child = ForkChild([&] {
    Member self(family, reaper);
    ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kReaperGrantPassedOn), 1);
    (void)self.reaper().Reap(dead.index);
  });
  CHECK_SIGNALED(child.Wait(), SIGKILL);
  CHECK_EQ(root.reaper().ReapAll(), 2u);
  CHECK_EQ(SlotWord(SyncBlockAt(region, block), dead.index).load(), 0u);
  CHECK_EQ(SlotWord(SyncBlockAt(region, block), root.slot()).load(), 5 + 3 * kGrant);
}

TEST(a_reaper_that_dies_when_it_has_broken_a_barrier_is_followed_by_another) {
  Family family;
  Member root(family);
  uint64_t block = CreateSync(root, {.slot_words = SlotWords::kArrivals});
  SyncBlock& sync = SyncBlockAt(family.region(), block);
  sync.state.store(1);
  SlotId dead = MakeDeadWaiter(family, root, block, kWaits);
  SlotId reaper = family.Reserve(root.id());
  Child child = ForkChild([&] {
    Member self(family, reaper);
    ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kReaperBarrierBroken), 0);
    (void)self.reaper().Reap(dead.index);
  });
  CHECK_SIGNALED(child.Wait(), SIGKILL);
  CHECK_EQ(root.reaper().ReapAll(), 2u);
  CHECK_EQ(sync.state.load(), 1 | kBroken);
  CHECK_EQ(SlotWord(sync, dead.index).load(), 0u);
}

TEST(a_reaper_that_dies_between_two_permits_is_followed_by_another) {
  for (uint32_t hits : {0u, 5u, 38u}) {
    Family family;
    Member root(family);
    uint64_t block = CreateSync(root, {.owners = 40});
    CHECK(Take(family.region(), block, 0, root.slot()));
    SlotId dead = MakeDeadOwner(family, root, block);
    SlotId reaper = family.Reserve(root.id());
    Child child = ForkChild([&] {
      Member self(family, reaper);
      ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kReaperOwnerSwept), hits);
      (void)self.reaper().Reap(dead.index);
    });
    CHECK_SIGNALED(child.Wait(), SIGKILL);
    CHECK_EQ(root.reaper().ReapAll(), 2u);
    CheckSwept(family.region(), block, dead, root.slot());
    CHECK_EQ(root.Count(block), 1);
  }
}
#endif
