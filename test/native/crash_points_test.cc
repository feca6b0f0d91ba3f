// A process killed at every numbered point of the core, in the middle of random work with a living partner; then reapers
// killed at every point of their own, up to three in a row. Whoever is left finds counts, cells, spans, quota and slots
// exact, and can use everything. A point that is never reached is a failure.
#include <set>

#include "accounting.h"
#include "workload.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

// The last one needs a consumer of a particular kind, and has take_back_test.cc. Behind it come those of the fork server,
// and its spares, which are passed in test/crash/servers.test.ts, those of locks, which are in sync_test.cc, and
// those of queues, which are in queue_crash_test.cc; last that of a bell, for test/crash/crash-points.test.ts.
constexpr uint32_t kAllPoints = static_cast<uint32_t>(CrashPointId::kRingRecordTakenBack);
static_assert(static_cast<uint32_t>(CrashPointId::kForkRequested) == kAllPoints + 1 &&
              static_cast<uint32_t>(CrashPointId::kCount) == static_cast<uint32_t>(CrashPointId::kBellUnpublished) + 1);
constexpr uint32_t kRingBytes = 16384;

std::string Describe(uint32_t point, uint32_t hits) {
  return "crash point " + std::to_string(point) + " after " + std::to_string(hits) + " hits";
}

bool HasEnded(const Child& child) {
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid != 0;
}

// Root and victim with a ring in each direction. The root holds a reference to each, the victim acquires its own.
struct Stage {
  Stage(const Family& family, Member& root)
      : there_cell(root.CreateRing(kRingBytes)),
        back_cell(root.CreateRing(kRingBytes)),
        there(root.Block(there_cell)),
        back(root.Block(back_cell)),
        victim(family.Reserve(root.id())) {}
  uint64_t there_cell, back_cell, there, back;
  SlotId victim;
};

// What the victim does until it dies. Only a check that fails lets it end in another way.
int LiveUntilKilled(const Family& family, const Stage& stage, uint32_t root_slot, uint64_t seed, int steps) {
  Member self(family, stage.victim);
  CHECK(self.Acquire(stage.there) != 0);
  CHECK(self.Acquire(stage.back) != 0);
  Ringer ringer;
  WorkloadOptions options;
  options.seed = seed;
  options.in = stage.there;
  options.out = stage.back;
  options.published = [&] { ringer.RingIfAsleep(family.region(), root_slot); };
  Workload work(family, self, options);
  for (int step = 0; step < steps; step++) {
    work.Step();
    if (failures.load() > 0) return kFailedChild;
  }
  return 0;
}

// The partner goes on with its own work, sleeps now and then so that bells are owed, and sees the victim's end.
void WorkAlongside(const Region& region, Member& root, Workload& partner, const Stage& stage, const Child& victim) {
  for (uint32_t step = 0; !HasEnded(victim); step++) {
    partner.Step();
    if (step % 16 == 0) partner.ConsumeAll();
    if (step % 64 == 0) {
      (void)Park(region, root.slot(), os::MonotonicNs() + 300'000, [&] { return RingHasRecord(region, stage.back); });
    }
  }
}

void ReapAfter(const Family& family, Member& root, const Stage& stage, const std::string& context) {
  // A victim that died before its claim left a reservation of ours.
  CancelReservation(family.region(), stage.victim);
  root.reaper().ReapAll();
  if (!IsGone(family.region(), stage.victim)) Fail(__FILE__, __LINE__, context + ": its slot is still taken");
  CountsMatchCells(family.region(), context);
}

// False: it never came to the point, or it left something behind.
bool DieAndCleanUp(const Family& family, Member& root, uint32_t point, uint32_t hits) {
  const Region& region = family.region();
  std::string context = Describe(point, hits);
  uint64_t seed = point * 1000 + hits;
  Stage stage(family, root);
  Child victim = ForkChild([&] {
    ArmCrashPoint(point, hits);
    return LiveUntilKilled(family, stage, root.slot(), seed, 200'000);
  });
  WorkloadOptions options;
  options.seed = seed + 1;
  options.in = stage.back;
  options.out = stage.there;
  options.most_held = 60;
  options.lodgers = false;
  Workload partner(family, root, options);
  WorkAlongside(region, root, partner, stage, victim);
  if (!CheckEqual(DescribeStatus(victim.Wait()), std::string("signal 9"), __FILE__, __LINE__, context.c_str())) return false;
  // What it has published may be read before it is reaped, or after.
  if (hits % 2 == 0) partner.ConsumeAll();
  ReapAfter(family, root, stage, context);
  partner.ConsumeAll();
  partner.Verify();
  root.ReturnCell(stage.there_cell);
  root.ReturnCell(stage.back_cell);
  CountsMatchCells(region, context + ", rings closed");
  partner.ReleaseAll();
  root.allocator().Trim();
  return NothingLeaked(region, {root.slot()}, context);
}

// A newcomer finds everything usable.
void UseEverything(const Family& family, Member& root, const std::string& context) {
  Stage stage(family, root);
  Child child = ForkChild([&] {
    Member self(family, stage.victim);
    CHECK(self.Acquire(stage.there) != 0);
    WorkloadOptions options;
    options.in = stage.there;
    Workload work(family, self, options);
    for (int step = 0; step < 500; step++) work.Step();
    work.ReleaseAll();
    // All that the quota leaves beside the rings.
    uint64_t limit = family.region().header().limit_spans;
    CHECK(self.Allocate((limit - 1) * kSpanBytes - kBlockHeaderBytes) != 0);
    self.reaper().Retire();
  });
  CHECK_EXITED(child.Wait(), 0);
  root.ReturnCell(stage.there_cell);
  root.ReturnCell(stage.back_cell);
  root.allocator().Trim();
  root.reaper().ReapAll();
  NothingLeaked(family.region(), {root.slot()}, context + ", newcomer");
}

// ---- corpses for the reapers ----

// Points at which a corpse may have died, in the middle of an operation that a reaper must settle.
constexpr uint32_t kFirstOfWork = static_cast<uint32_t>(CrashPointId::kReferenceIntentPublished);
constexpr uint32_t kLastOfWork = static_cast<uint32_t>(CrashPointId::kRingHeadAdvanced);

// Leaves a dead victim behind, killed at `point` if it comes there soon and elsewhere if not; the root holds some of
// its blocks, and messages are under way in both directions.
void MakeCorpse(const Family& family, Member& root, const Stage& stage, uint32_t point, uint64_t seed) {
  WorkloadOptions options;
  options.seed = seed;
  options.out = stage.there;
  options.in = stage.back;
  options.lodgers = false;
  options.most_held = 30;
  Workload filler(family, root, options);
  for (int step = 0; step < 150; step++) filler.Step();
  Child victim = ForkChild([&] {
    ArmCrashPoint(point, static_cast<uint32_t>(seed % 4));
    int code = LiveUntilKilled(family, stage, root.slot(), seed, 600);
    if (code == 0) kill(getpid(), SIGKILL);
    return code;
  });
  CHECK_SIGNALED(victim.Wait(), SIGKILL);
  filler.ConsumeAll();
  filler.ReleaseAll();
}

// A reaper armed at `point`; whether it died there. One that survives leaves as it would after its work.
bool ReaperDies(const Family& family, Member& root, uint32_t point, uint32_t hits) {
  SlotId id = family.Reserve(root.id());
  Child reaper = ForkChild([&] {
    Member self(family, id);
    ArmCrashPoint(point, hits);
    self.reaper().ReapAll();
  });
  int status = reaper.Wait();
  if (WIFEXITED(status)) CHECK_EXITED(status, 0);
  return WIFSIGNALED(status);
}

}  // namespace

TEST(a_process_killed_at_any_point_leaves_everything_exact) {
  uint32_t deaths = 0;
  for (uint32_t point = 1; point < kAllPoints; point++) {
    Family family(128);
    Member root(family);
    for (uint32_t hits : {0u, 1u, 2u, 3u, 5u, 8u, 13u, 30u, 70u}) deaths += DieAndCleanUp(family, root, point, hits);
    UseEverything(family, root, "crash point " + std::to_string(point));
  }
  std::printf("     %u points, %u processes killed at them\n", kAllPoints - 1, deaths);
}

TEST(reapers_killed_at_any_point_are_followed_by_others_that_finish) {
  std::set<uint32_t> reached;
  std::set<uint32_t> expected;
  for (uint32_t point = 1; point < kAllPoints; point++) {
    auto id = static_cast<CrashPointId>(point);
    bool reaping = id >= CrashPointId::kReaperClaimed && id <= CrashPointId::kReaperSlotFreed;
    bool releasing = id >= CrashPointId::kReferenceIntentPublished && id <= CrashPointId::kReferenceCellWritten;
    bool returning = id >= CrashPointId::kSpanReturnIntentPublished && id <= CrashPointId::kSpanQuotaGiven;
    if (reaping || releasing || returning) expected.insert(point);
  }
  Family family(128);
  Member root(family);
  uint32_t deaths = 0, corpses = 0, three_in_a_row = 0;
  for (uint32_t work = kFirstOfWork; work <= kLastOfWork; work++) {
    for (uint32_t point : expected) {
      std::string context = "corpse of " + std::to_string(work) + ", reaper " + std::to_string(point);
      Stage stage(family, root);
      MakeCorpse(family, root, stage, work, work * 100 + point);
      corpses++;
      uint32_t row = 0;
      for (uint32_t turn = 0; turn < 3; turn++) {
        // The first dies where it is told, the others somewhere near.
        uint32_t chosen = turn == 0 ? point : *std::next(expected.begin(), (work * 7 + point * 3 + turn) % expected.size());
        if (!ReaperDies(family, root, chosen, (work + turn) % 3)) continue;
        reached.insert(chosen);
        deaths++;
        row++;
      }
      if (row == 3) three_in_a_row++;
      ReapAfter(family, root, stage, context);
      root.ReturnCell(stage.there_cell);
      root.ReturnCell(stage.back_cell);
      root.allocator().Trim();
      if (!NothingLeaked(family.region(), {root.slot()}, context)) return;
    }
  }
  for (uint32_t point : expected) {
    if (!reached.contains(point)) Fail(__FILE__, __LINE__, "no reaper died at point " + std::to_string(point));
  }
  CHECK(three_in_a_row > 0);
  std::printf("     %u corpses, %u reapers killed, %u times three in a row\n", corpses, deaths, three_in_a_row);
}
