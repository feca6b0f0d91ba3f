// sync/ with real deaths: what a dead slot owned is free for the next, who is told; its wish is forgotten; reapers may die.
#include "support.h"
#include "sync/sync_block.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

uint64_t CreateSync(Member& member, uint32_t owners) {
  uint64_t cell = member.Allocate(SyncBlockBytes(owners));
  REQUIRE(cell != 0);
  std::memset(member.region().At(member.Block(cell) + kBlockHeaderBytes), 0, SyncBlockBytes(owners));
  InitializeSync(member.region(), member.Block(cell), 1, owners);
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
  uint64_t block = CreateSync(root, 40);
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
  uint64_t block = CreateSync(root, 1);
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
  uint64_t block = CreateSync(root, 3);
  CHECK(Take(family.region(), block, 0, root.slot()));
  Want(family.region(), block, root.slot());
  SweepSync(family.region(), root.slot() + 1);
  CHECK_EQ(Owner(family.region(), block, 0), root.slot() + 1);
}

TEST(a_block_that_lies_about_its_owners_is_left_alone) {
  Family family;
  Member root(family);
  uint64_t block = CreateSync(root, 2);
  SyncBlockAt(family.region(), block).owners = 0xffffffff;
  SweepSync(family.region(), root.slot());
  CHECK_EQ(Owner(family.region(), block, 0), 0u);
}

TEST(who_blocks_at_it_is_woken_by_the_sweep) {
  Family family;
  Member root(family);
  const Region& region = family.region();
  uint64_t block = CreateSync(root, 2);
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

#if FORKYARD_CRASH_POINTS
TEST(a_reaper_that_dies_between_two_permits_is_followed_by_another) {
  for (uint32_t hits : {0u, 5u, 38u}) {
    Family family;
    Member root(family);
    uint64_t block = CreateSync(root, 40);
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
