// Processes killed at each point of putting and taking, with living partners at the same queue; reapers killed at each of
// their own. Whoever is left finds each item once, what is lost counted, counts and cells exact, and is not held up.
#include <set>

#include "queue_crash.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

constexpr uint32_t Number(CrashPointId id) { return static_cast<uint32_t>(id); }

constexpr uint32_t kFirstOfQueues = Number(CrashPointId::kQueuePutLocked);
constexpr uint32_t kLastOfQueues = Number(CrashPointId::kQueueGetUnlocked);
static_assert(Number(CrashPointId::kReaperPutSettled) == kLastOfQueues + 1);

// Those of queues, and those of references, which an item may be in the middle of.
std::vector<uint32_t> PointsOfWork() {
  std::vector<uint32_t> points;
  for (uint32_t id = Number(CrashPointId::kReferenceIntentPublished); id <= Number(CrashPointId::kMoveSourceCleared); id++) {
    points.push_back(id);
  }
  for (CrashPointId id : {CrashPointId::kRingRecordReserved, CrashPointId::kRingCellAttached}) points.push_back(Number(id));
  for (uint32_t id = kFirstOfQueues; id <= kLastOfQueues; id++) points.push_back(id);
  return points;
}

Habit HabitOf(uint32_t point) {
  switch (static_cast<CrashPointId>(point)) {
    case CrashPointId::kQueueRingAdded:
    case CrashPointId::kQueueRingWritten:
      return Habit::kPuts;
    case CrashPointId::kQueueRingDropped:
    case CrashPointId::kQueueRingPassed:
      return Habit::kTakes;
    case CrashPointId::kQueuePutSkipped:
    case CrashPointId::kQueueGetSkipped:
      return Habit::kPutsAndTakes;
    default:
      return Habit::kMixed;
  }
}

// There are five rings at most.
std::vector<uint32_t> HitsBefore(uint32_t point) {
  const bool of_rings = HabitOf(point) == Habit::kPuts || HabitOf(point) == Habit::kTakes;
  return of_rings ? std::vector<uint32_t>{0, 1, 2, 3} : std::vector<uint32_t>{0, 1, 2, 5, 13, 40};
}

std::string Describe(uint32_t point, uint32_t hits) {
  return "crash point " + std::to_string(point) + " after " + std::to_string(hits) + " hits";
}

bool HasEnded(const Child& child) {
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid != 0;
}

// What the dead one was not at goes on before anybody has reaped it.
void TheOtherSideGoesOn(QueueStage& stage, QueueWorker& partner, uint32_t point, const std::string& context) {
  const uint32_t dead = stage.victim.index + 1;
  QueueBlock& block = stage.block();
  if (block.putter.load() == dead) {
    CHECK_EQ(PutItem(stage.root, stage.queue, Item{}), QueueOutcome::kBusy);
    // There may be nothing but a skip record, or a ring that is drained: who looks once is past that.
    if (HasItems(stage.region, stage.queue)) CHECK(partner.Take() || !HasItems(stage.region, stage.queue));
  } else if (block.getter.load() == dead) {
    CHECK_EQ(TakeItem(stage.root, stage.queue).outcome, QueueOutcome::kBusy);
    CHECK(partner.Put() || !HasSpace(stage.region, stage.queue, 100));
  } else if (point >= kFirstOfQueues) {
    const bool free_again = point == Number(CrashPointId::kQueuePutUnlocked) || point == kLastOfQueues;
    if (!free_again) Fail(__FILE__, __LINE__, context + ": it died without the lock");
  }
}

bool DieAndCleanUp(uint32_t point, uint32_t hits) {
  const std::string context = Describe(point, hits);
  const Habit habit = HabitOf(point);
  QueueStage stage(point * 1000 + hits);
  QueueWorker partner(stage, stage.root, kPartner, point + hits);
  while (habit == Habit::kTakes && partner.Put()) {
  }
  Child victim = ForkChild([&] {
    ArmCrashPoint(point, hits);
    return stage.LiveUntilKilled(20'000, habit);
  });
  while (habit == Habit::kMixed && !HasEnded(victim)) partner.Step();
  if (!CheckEqual(DescribeStatus(victim.Wait()), std::string("signal 9"), __FILE__, __LINE__, context.c_str())) return false;
  TheOtherSideGoesOn(stage, partner, point, context);
  stage.Reap(context);
  partner.TakeAll();
  return stage.AddsUp(context);
}

// ---- reapers ----

// At which a reaper of such a corpse may die: its own, and those of the references that it releases.
std::vector<uint32_t> PointsOfReaping() {
  std::vector<uint32_t> points;
  for (CrashPointId id : {CrashPointId::kReaperPutSettled, CrashPointId::kReaperGetSettled, CrashPointId::kReaperItemsLost,
                          CrashPointId::kReferenceIntentPublished, CrashPointId::kReferenceCountChanged,
                          CrashPointId::kReferenceCellWritten, CrashPointId::kReaperIntentSettled,
                          CrashPointId::kReaperCellReleased}) {
    points.push_back(Number(id));
  }
  return points;
}

// Whether it died at the point.
bool ReaperDies(QueueStage& stage, uint32_t point, uint32_t hits) {
  const SlotId id = stage.family.Reserve(stage.root.id());
  Child reaper = ForkChild([&] {
    Member self(stage.family, id);
    ArmCrashPoint(point, hits);
    self.reaper().ReapAll();
  });
  const int status = reaper.Wait();
  if (WIFEXITED(status)) CHECK_EXITED(status, 0);
  return WIFSIGNALED(status);
}

}  // namespace

TEST(a_process_killed_at_any_point_of_a_queue_costs_nobody_anything) {
  uint32_t deaths = 0, points = 0;
  for (uint32_t point : PointsOfWork()) {
    points++;
    for (uint32_t hits : HitsBefore(point)) {
      deaths += DieAndCleanUp(point, hits);
      if (failures.load() > 0) return;
    }
  }
  std::printf("     %u points, %u processes killed at them\n", points, deaths);
}

TEST(reapers_killed_while_they_settle_a_queue_are_followed_by_others_that_finish) {
  std::set<uint32_t> reached;
  uint32_t corpses = 0, deaths = 0, three_in_a_row = 0;
  const std::vector<uint32_t> reaping = PointsOfReaping();
  for (uint32_t point : PointsOfWork()) {
    for (size_t first = 0; first < reaping.size(); first++) {
      const std::string context = "corpse of " + std::to_string(point) + ", reaper " + std::to_string(reaping[first]);
      QueueStage stage(point * 100 + first);
      Child victim = ForkChild([&] {
        ArmCrashPoint(point, static_cast<uint32_t>(first % 3));
        return stage.LiveUntilKilled(20'000);
      });
      CHECK_SIGNALED(victim.Wait(), SIGKILL);
      corpses++;
      uint32_t row = 0;
      for (uint32_t turn = 0; turn < 3; turn++) {
        const uint32_t chosen = reaping[(first + turn * 3) % reaping.size()];
        if (!ReaperDies(stage, chosen, (point + turn) % 2)) continue;
        reached.insert(chosen);
        deaths++;
        row++;
      }
      if (row == 3) three_in_a_row++;
      stage.Reap(context);
      QueueWorker partner(stage, stage.root, kPartner, point);
      for (int step = 0; step < 20; step++) partner.Step();
      partner.TakeAll();
      if (!stage.AddsUp(context)) return;
    }
  }
  for (uint32_t point : reaping) {
    if (!reached.contains(point)) Fail(__FILE__, __LINE__, "no reaper died at point " + std::to_string(point));
  }
  CHECK(three_in_a_row > 0);
  std::printf("     %u corpses, %u reapers killed, %u times three in a row\n", corpses, deaths, three_in_a_row);
}
