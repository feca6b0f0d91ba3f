// Many at one queue at once: threads, for the sanitizer; processes that are killed at any instant and replaced; one that
// is stopped while it is at it. FORKYARD_STRESS_SECONDS (default 8) is how long the killing goes on.
#include <barrier>
#include <thread>

#include "queue_crash.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

constexpr uint32_t kPutters = 3, kGetters = 3;

// Number of an item: who put it, and its how many-th it is.
constexpr uint64_t ItemNumber(uint64_t putter, uint64_t count) { return putter << 40 | count; }

struct ThreadsAtQueue {
  QueueShape shape;
  uint64_t items_each;
};

// Each putter's items in its order at each getter, each item once.
void RunThreads(const ThreadsAtQueue& run) {
  Family family(256);
  Member root(family);
  uint64_t cell = CreateQueue(root, run.shape);
  const uint64_t queue = root.Block(cell);
  std::vector<SlotId> ids;
  for (uint32_t i = 0; i < kPutters + kGetters; i++) ids.push_back(family.Reserve(root.id()));
  std::barrier phase(kPutters + kGetters);
  std::atomic<uint64_t> taken{0}, sum{0};
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kPutters; i++) {
    threads.emplace_back([&, i] {
      Member self(family, ids[i]);
      CHECK(self.Acquire(queue) != 0);
      phase.arrive_and_wait();
      for (uint64_t count = 1; count <= run.items_each;) {
        Item item = MakeItem(self, ItemNumber(i, count), count % 3);
        QueueOutcome outcome;
        while ((outcome = PutItem(self, queue, item)) != QueueOutcome::kDone) {
          CHECK(outcome == QueueOutcome::kBusy || outcome == QueueOutcome::kFull);
          while (!HasSpace(family.region(), queue, 200)) std::this_thread::yield();
        }
        count++;
      }
      self.reaper().Retire();
    });
  }
  const uint64_t all = kPutters * run.items_each;
  for (uint32_t i = 0; i < kGetters; i++) {
    threads.emplace_back([&, i] {
      Member self(family, ids[kPutters + i]);
      CHECK(self.Acquire(queue) != 0);
      uint64_t last[kPutters] = {};
      phase.arrive_and_wait();
      while (taken.load() < all) {
        Taken item = TakeItem(self, queue);
        if (item.outcome != QueueOutcome::kDone) {
          CHECK(item.outcome == QueueOutcome::kBusy || item.outcome == QueueOutcome::kEmpty);
          if (!HasItems(family.region(), queue)) std::this_thread::yield();
          continue;
        }
        const uint64_t number = OpenItem(self, item), putter = number >> 40, count = number & 0xff'ffff'ffff;
        if (!CheckEqual(putter < kPutters && count > last[putter], true, __FILE__, __LINE__, "order of a putter")) return;
        last[putter] = count;
        FinishItems(family.region(), queue, self.slot());
        CHECK(Size(family.region(), queue) <= all);
        CHECK(Unfinished(family.region(), queue) <= all);
        sum.fetch_add(count);
        taken.fetch_add(1);
      }
      self.reaper().Retire();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(taken.load(), all);
  CHECK_EQ(sum.load(), kPutters * (run.items_each * (run.items_each + 1) / 2));
  CHECK_EQ(Unfinished(family.region(), queue), 0);
  CHECK_EQ(TotalsOf(family.region(), queue).got, all);
  root.ReturnCell(cell);
  root.reaper().ReapAll();
  root.allocator().Trim();
  CHECK(NothingLeaked(family.region(), {root.slot()}));
}

uint64_t StressNs() {
  const char* text = std::getenv("FORKYARD_STRESS_SECONDS");
  return static_cast<uint64_t>(text != nullptr && std::atoi(text) > 0 ? std::atoi(text) : 8) * kSecondNs;
}

// ---- processes ----

// Notes on each item of a round: how often it was put, how often taken, and who has told so.
constexpr uint64_t kItemsOfRound = 1 << 20;

class Crowd {
 public:
  void Run(uint32_t kills) {
    for (uint32_t i = 0; i < 4; i++) Start();
    for (uint32_t killed = 0; killed < kills && failed_[0].load() == 0; killed++) {
      // Looks that end anywhere in what they do: no two of them alike.
      for (uint32_t spin = random_() % 1000; spin > 0; spin--) Work(root_, 1);
      KillOne();
      root_.reaper().ReapAll();
    }
    CHECK_EQ(failed_[0].load(), 0);
    while (!workers_.empty()) {
      Kill(workers_.size() - 1);
      workers_.pop_back();
    }
    root_.reaper().ReapAll();
    Drain();
    AddUp();
  }

  uint64_t kills() const { return kills_; }
  uint64_t put() const { return QueueAt(region_, queue_).puts.load(); }
  uint64_t lost() const { return Lost(region_, queue_); }

 private:
  struct Worker {
    Child child;
    SlotId id;
  };

  void Start() {
    const SlotId id = family_.Reserve(root_.id());
    const uint64_t seed = random_();
    workers_.push_back(std::make_unique<Worker>(Worker{ForkChild([&] { return Live(id, seed); }), id}));
  }

  int Live(SlotId id, uint64_t seed) {
    random_.seed(seed);
    Member self(family_, id);
    CHECK(self.Acquire(queue_) != 0);
    while (failures.load() == 0) Work(self, random_() % 20);
    failed_[0].fetch_add(1);
    return kFailedChild;
  }

  void Work(Member& self, uint64_t burst) {
    const bool puts = random_() % 2 == 0;
    for (; burst > 0; burst--) puts ? Put(self) : (void)Take(self);
  }

  void Put(Member& self) {
    const uint64_t number = next_[0].fetch_add(1);
    if (number >= kItemsOfRound) return;
    Item item = MakeItem(self, number, number % 3);
    if (PutItem(self, queue_, item) == QueueOutcome::kDone) {
      notes_[number].fetch_or(kPutDone);
    } else {
      Discard(self, item.cells);
      notes_[number].fetch_or(kNeverPut);
    }
  }

  bool Take(Member& self) {
    Taken taken = TakeItem(self, queue_);
    if (taken.outcome != QueueOutcome::kDone) return false;
    const uint64_t number = OpenItem(self, taken);
    CHECK(number < kItemsOfRound);
    CHECK_EQ(notes_[number].fetch_or(kTaken) & (kTaken | kNeverPut), 0);
    CHECK(FinishItem(region_, queue_, self.slot()));
    return true;
  }

  void KillOne() {
    const size_t index = random_() % workers_.size();
    Kill(index);
    workers_.erase(workers_.begin() + static_cast<ptrdiff_t>(index));
    Start();
  }

  void Kill(size_t index) {
    workers_[index]->child.Kill(SIGKILL);
    CHECK_SIGNALED(workers_[index]->child.Wait(), SIGKILL);
    CancelReservation(region_, workers_[index]->id);  // killed before its claim
    kills_++;
  }

  void Drain() {
    while (Take(root_)) {
    }
    CHECK_EQ(TakeItem(root_, queue_).outcome, QueueOutcome::kEmpty);
  }

  void AddUp() {
    uint64_t told_put = 0, told_taken = 0, vanished = 0;
    for (uint64_t number = 0; number < kItemsOfRound; number++) {
      const uint64_t note = notes_[number].load();
      told_put += (note & kPutDone) != 0;
      told_taken += (note & kTaken) != 0;
      vanished += (note & (kPutDone | kTaken)) == kPutDone;
    }
    const QueueTotals totals = TotalsOf(region_, queue_);
    CHECK_EQ(put(), totals.got);
    CHECK_EQ(totals.got, totals.done + totals.lost);
    CHECK_EQ(Unfinished(region_, queue_), 0);
    // Each of the dead may have had one item in its hands, and one put that it could not tell of any more.
    CHECK(vanished <= totals.lost && totals.lost <= kills_);
    CHECK(told_put <= put() && put() <= told_put + kills_);
    CHECK(told_taken <= put() && told_taken + totals.lost >= put());
    CountsMatchCells(region_, "after " + std::to_string(kills_) + " kills");
    CHECK_EQ(Audit(region_).blocks_in_use(), 1 + RingsOf(region_, queue_));
  }

  static constexpr uint64_t kTaken = 4, kNeverPut = 8;
  Family family_{200};
  Member root_{family_};
  const Region& region_ = family_.region();
  uint64_t cell_ = CreateQueue(root_, {.max_items = 300, .max_rings = 6, .first_ring_bytes = 1024, .needs_done = true});
  uint64_t queue_ = root_.Block(cell_);
  SharedWords notes_{kItemsOfRound}, failed_{1}, next_{1};
  std::mt19937_64 random_{20};
  std::vector<std::unique_ptr<Worker>> workers_;
  uint64_t kills_ = 0;
};

bool IsStopped(const Child& child) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(child.pid()), &info, WSTOPPED | WNOHANG) == 0 && info.si_code == CLD_STOPPED;
}

// Stops the child while one of the two locks is in its hands.
void StopAt(const Child& child, const std::atomic<uint32_t>& lock, uint32_t holder) {
  const bool stopped = Eventually([&] {
    child.Kill(SIGSTOP);
    while (!IsStopped(child)) {
    }
    if (lock.load() == holder) return true;
    child.Kill(SIGCONT);
    return false;
  });
  REQUIRE(stopped);
}

}  // namespace

TEST(threads_at_a_queue_that_grows_get_each_item_once_and_in_order) {
  RunThreads({{.max_rings = kQueueRings, .first_ring_bytes = 512}, 6000});
}

TEST(threads_at_a_queue_of_few_items_get_each_item_once_and_in_order) {
  RunThreads({{.max_items = 5, .max_rings = 8, .first_ring_bytes = 512}, 6000});
}

TEST(threads_at_a_queue_of_one_ring_get_each_item_once_and_in_order) {
  RunThreads({{.max_rings = 1, .first_ring_bytes = 512}, 6000});
}

TEST(processes_killed_at_any_instant_lose_what_is_counted_and_nothing_else) {
  uint64_t kills = 0, put = 0, lost = 0;
  const uint64_t end = os::MonotonicNs() + StressNs();
  do {
    Crowd crowd;
    crowd.Run(60);
    kills += crowd.kills();
    put += crowd.put();
    lost += crowd.lost();
  } while (failures.load() == 0 && os::MonotonicNs() < end);
  std::printf("     %llu kills, %llu items put, %llu of them lost\n", static_cast<unsigned long long>(kills),
              static_cast<unsigned long long>(put), static_cast<unsigned long long>(lost));
  CHECK(put > 1000);
}

// Whoever is stopped is alive: it is waited for, its side is busy, the other goes on with what is there.
TEST(a_member_stopped_at_a_queue_holds_up_its_side_until_it_goes_on) {
  for (bool puts : {true, false}) {
    QueueStage stage(puts ? 1 : 2);
    const Region& region = stage.region;
    for (uint64_t number = 0; number < 3; number++) {
      REQUIRE(PutItem(stage.root, stage.queue, MakeItem(stage.root, number, 1)) == QueueOutcome::kDone);
    }
    Child child = ForkChild([&] {
      Member self(stage.family, stage.victim);
      CHECK(self.Acquire(stage.queue) != 0);
      for (;;) {
        if (puts) {
          PutItem(self, stage.queue, MakeItem(self, 1, 0));
        } else {
          Wanted nothing{.types = 0};
          CHECK(TakeItem(self, stage.queue, nothing).outcome != QueueOutcome::kDone);
        }
      }
    });
    std::atomic<uint32_t>& lock = puts ? stage.block().putter : stage.block().getter;
    StopAt(child, lock, stage.victim.index + 1);
    CHECK_EQ(stage.root.reaper().ReapAll(), 0);
    Item item = MakeItem(stage.root, 9, 1);
    for (int attempt = 0; attempt < 1000; attempt++) {
      if (puts) {
        CHECK_EQ(PutItem(stage.root, stage.queue, item), QueueOutcome::kBusy);
      } else {
        CHECK_EQ(TakeItem(stage.root, stage.queue).outcome, QueueOutcome::kBusy);
      }
    }
    // Nobody is told to try again and again.
    CHECK(puts ? !HasSpace(region, stage.queue, 100) : !HasItems(region, stage.queue));
    if (puts) {
      for (uint64_t number = 0; number < 3; number++) {
        CHECK_EQ(OpenItem(stage.root, TakeItem(stage.root, stage.queue)), number);
      }
    } else {
      CHECK_EQ(PutItem(stage.root, stage.queue, item), QueueOutcome::kDone);
    }
    child.Kill(SIGCONT);
    const bool goes_on = Eventually([&] {
      if (puts) return PutItem(stage.root, stage.queue, item) != QueueOutcome::kBusy;
      return TakeItem(stage.root, stage.queue, {.types = 0}).outcome != QueueOutcome::kBusy;
    });
    CHECK(goes_on);
    // Killed while it is stopped at it, it is a dead one like any other.
    StopAt(child, lock, stage.victim.index + 1);
    child.Kill(SIGKILL);
    CHECK_SIGNALED(child.Wait(), SIGKILL);
    CHECK_EQ(stage.root.reaper().ReapAll(), 1);
    CHECK_EQ(lock.load(), 0u);
    CHECK(CountsMatchCells(region));
  }
}
