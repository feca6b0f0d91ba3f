// A queue at which one member is to die, and another goes on: which items each has put and taken is noted in memory that
// outlives them, so that afterwards each can be accounted for.
#pragma once

#include "queue_support.h"

namespace forkyard::test {

inline constexpr uint32_t kPartner = 0, kVictim = 1;
inline constexpr uint64_t kMostItems = 1 << 16;  // of each of the two

// What became of an item. Written by whoever puts it, then by whoever takes it: each bit by one of them.
enum ItemNote : uint64_t {
  kPutBegun = 1,
  kPutDone = 2,
  kTakenByPartner = 4,  // kTakenByPartner << kVictim: by the victim
  kTakenByVictim = 8,
};

// What the one that is to die does. Rings are added and given up, and their ends met, only where the other does not disturb it.
enum class Habit { kMixed, kPuts, kTakes, kPutsAndTakes };

class QueueStage {
 public:
  explicit QueueStage(uint64_t seed)
      : seed_(seed), cell_(CreateQueue(root, {.max_rings = 5, .first_ring_bytes = 512, .needs_done = true})),
        queue(root.Block(cell_)), victim(family.Reserve(root.id())) {}

 private:
  uint64_t seed_;

 public:
  Family family{128};
  Member root{family};

 private:
  uint64_t cell_;

 public:
  uint64_t queue;
  SlotId victim;
  SharedWords notes{2 * kMostItems};
  SharedWords finished{2};
  const Region& region = family.region();

  QueueBlock& block() const { return QueueAt(region, queue); }
  std::atomic<uint64_t>& Note(uint64_t item) const { return notes[item % (2 * kMostItems)]; }

  int LiveUntilKilled(int steps, Habit habit = Habit::kMixed);

  void Reap(const std::string& context) {
    CancelReservation(region, victim);  // dead before its claim
    root.reaper().ReapAll();
    if (!IsGone(region, victim)) Fail(__FILE__, __LINE__, context + ": its slot is still taken");
    CountsMatchCells(region, context);
  }

  // Once everything was taken that was left: nothing lost but what is counted, nothing twice; then nothing is left.
  bool AddsUp(const std::string& context);
};

// Puts and takes in bursts, so that rings are added and given up.
class QueueWorker {
 public:
  QueueWorker(QueueStage& stage, Member& self, uint32_t who, uint64_t seed)
      : stage_(stage), self_(self), who_(who), random_(seed * 7919 + who), next_(who * kMostItems) {}

  void Step() {
    const bool puts = random_() % 2 == 0;
    for (uint64_t burst = random_() % 24; burst > 0; burst--) {
      if (puts ? !Put() : !Take()) return;
    }
  }

  void Step(Habit habit) {
    if (habit == Habit::kMixed) return Step();
    if (habit != Habit::kTakes) Put();
    if (habit != Habit::kPuts) Take();
  }

  // False: somebody else is at it, or there is no room.
  bool Put() {
    if (next_ + 1 >= (who_ + 1) * kMostItems) return false;
    const uint64_t number = next_;
    Item item = MakeItem(self_, number, random_() % 3);
    stage_.Note(number).fetch_or(kPutBegun);
    const QueueOutcome outcome = PutItem(self_, stage_.queue, item);
    if (outcome != QueueOutcome::kDone) {
      stage_.Note(number).fetch_and(~uint64_t{kPutBegun});
      CHECK(outcome == QueueOutcome::kBusy || outcome == QueueOutcome::kFull);
      Discard(self_, item.cells);
      return false;
    }
    stage_.Note(number).fetch_or(kPutDone);
    next_++;
    return true;
  }

  bool Take() {
    Taken taken = TakeItem(self_, stage_.queue);
    if (taken.outcome != QueueOutcome::kDone) {
      CHECK(taken.outcome == QueueOutcome::kBusy || taken.outcome == QueueOutcome::kEmpty);
      return false;
    }
    const uint64_t number = OpenItem(self_, taken);
    const uint64_t before = stage_.Note(number).fetch_or(kTakenByPartner << who_);
    CHECK((before & kPutBegun) != 0);
    CHECK((before & (kTakenByPartner | kTakenByVictim)) == 0);
    // Of one putter they come in the order in which it put them.
    uint64_t& last = last_taken_[number / kMostItems];
    CHECK(number + 1 > last);
    last = number + 1;
    CHECK(FinishItem(self_.region(), stage_.queue, self_.slot()));
    stage_.finished[who_].fetch_add(1);
    return true;
  }

  void TakeAll() {
    while (Take()) {
    }
    CHECK_EQ(TakeItem(self_, stage_.queue).outcome, QueueOutcome::kEmpty);
  }

 private:
  QueueStage& stage_;
  Member& self_;
  uint32_t who_;
  std::mt19937_64 random_;
  uint64_t next_;
  uint64_t last_taken_[2] = {};
};

inline int QueueStage::LiveUntilKilled(int steps, Habit habit) {
  Member self(family, victim);
  CHECK(self.Acquire(queue) != 0);
  QueueWorker work(*this, self, kVictim, seed_);
  for (int step = 0; step < steps; step++) {
    work.Step(habit);
    if (failures.load() > 0) return kFailedChild;
  }
  return 0;
}

inline bool QueueStage::AddsUp(const std::string& context) {
  const int before = failures.load();
  uint64_t put = 0, taken = 0, in_doubt = 0, vanished = 0;
  for (uint64_t item = 0; item < 2 * kMostItems; item++) {
    const uint64_t note = Note(item).load();
    const bool is_taken = (note & (kTakenByPartner | kTakenByVictim)) != 0;
    taken += is_taken ? 1 : 0;
    put += (note & kPutDone) != 0 ? 1 : 0;
    if ((note & kPutDone) != 0 && !is_taken) vanished++;
    if ((note & kPutBegun) != 0 && (note & kPutDone) == 0) in_doubt += is_taken ? 2 : 1;
  }
  const QueueTotals totals = TotalsOf(region, queue);
  const uint32_t puts = block().puts.load();
  auto equal = [&](const char* what, uint64_t actual, uint64_t expected) {
    CheckEqual(actual, expected, __FILE__, __LINE__, (context + ": " + what).c_str());
  };
  equal("puts are gets", puts, block().gets.load());
  equal("what was put was got", puts, totals.got);
  equal("what was got is finished or lost", totals.got, totals.done + totals.lost);
  equal("lost, as it is told", Lost(region, queue), totals.lost);
  equal("unfinished", Unfinished(region, queue), 0);
  equal("size", Size(region, queue), 0);
  equal("at the locks", block().putter.load() + block().getter.load(), 0);
  // The one that was being put is in or not; the one that was being taken is the only one that may be lost.
  const uint64_t unsure = put + (in_doubt == 2 ? 1 : 0);
  if (puts != unsure && !(in_doubt == 1 && puts == put + 1 && totals.lost == 1)) {
    Fail(__FILE__, __LINE__, context + ": put " + std::to_string(put) + ", counted " + std::to_string(puts));
  }
  if (vanished > totals.lost || totals.lost > 1) {
    Fail(__FILE__, __LINE__, context + ": vanished " + std::to_string(vanished) + ", lost " + std::to_string(totals.lost));
  }
  const uint64_t told = finished[kPartner].load() + finished[kVictim].load();
  if (totals.done != told && totals.done != told + 1) equal("finished", totals.done, told);
  if (taken + totals.lost < puts || taken > puts) equal("taken", taken, puts);
  CountsMatchCells(region, context);
  root.ReturnCell(cell_);
  root.allocator().Trim();
  NothingLeaked(region, {root.slot()}, context);
  return failures.load() == before;
}

}  // namespace forkyard::test
