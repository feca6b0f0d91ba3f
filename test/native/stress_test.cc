// Many processes, and many threads, on every mechanism at once. The processes are killed, stopped and continued at
// random and replaced at once; each block carries a canary. FORKYARD_STRESS_SECONDS (default 8) is how long.
#include <barrier>
#include <random>
#include <thread>

#include "accounting.h"
#include "workload.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

constexpr uint32_t kWorkers = 4;
constexpr uint32_t kRingBytes = 16384;
constexpr uint32_t kKillsOfARound = 60;

uint64_t StressNs() {
  const char* text = std::getenv("FORKYARD_STRESS_SECONDS");
  return static_cast<uint64_t>(text != nullptr && std::atoi(text) > 0 ? std::atoi(text) : 8) * kSecondNs;
}

// A worker and the rings between it and the root.
struct Worker {
  Child child;
  SlotId id;
  uint64_t there_cell, back_cell;
  bool stopped = false;
};

// The root's side: it passes references from worker to worker, so that blocks of each are held by all.
class Hub {
 public:
  explicit Hub(uint64_t seed) : random_(seed) {}

  ~Hub() {
    // Stopped ones die as well; with the first failed check nobody may be left behind.
    for (auto& worker : workers_) worker->child.Kill(SIGKILL);
  }

  void Run(uint32_t kills) {
    for (uint32_t i = 0; i < kWorkers; i++) Start();
    for (uint32_t killed = 0; killed < kills && failed_[0].load() == 0;) {
      for (uint32_t i = Random(300); i > 0; i--) PassOn();
      killed += Disturb();
      SettleTheDead();
      // A reaper may have to wait for a stopped one: nobody else may lose by it.
      if (Random(8) == 0) root_.reaper().ReapAll();
    }
    kills_ += kills;
    CHECK_EQ(failed_[0].load(), 0);
    EndRound();
  }

  uint64_t kills() const { return kills_; }
  uint64_t stops() const { return stops_; }
  uint64_t passed_on() const { return passed_on_; }
  uint64_t steps() const { return failed_[1].load(); }
  bool sound() const { return sound_; }

 private:
  struct Held {
    uint64_t cell;
    uint64_t nonce;
  };

  uint32_t Random(uint32_t below) { return static_cast<uint32_t>(random_() % below); }

  void Start() {
    uint64_t there = root_.CreateRing(kRingBytes), back = root_.CreateRing(kRingBytes);
    SlotId id = family_.Reserve(root_.id());
    uint64_t seed = random_(), in = root_.Block(there), out = root_.Block(back);
    Child child = ForkChild([&] { return Work(id, seed, in, out); });
    workers_.push_back(std::make_unique<Worker>(Worker{std::move(child), id, there, back}));
  }

  int Work(SlotId id, uint64_t seed, uint64_t in, uint64_t out) {
    Member self(family_, id);
    CHECK(self.Acquire(in) != 0);
    CHECK(self.Acquire(out) != 0);
    Ringer ringer;
    WorkloadOptions options;
    options.seed = seed;
    options.in = in;
    options.out = out;
    options.most_held = 80;
    options.published = [&] { ringer.RingIfAsleep(family_.region(), root_.slot()); };
    Workload work(family_, self, options);
    for (uint64_t step = 1;; step++) {
      work.Step();
      if (step % 128 == 0) failed_[1].fetch_add(128);
      if (step % 256 == 0) {
        (void)Park(family_.region(), self.slot(), os::MonotonicNs() + 200'000,
                   [&] { return RingHasRecord(family_.region(), in); });
      }
      if (failures.load() == 0) continue;
      failed_[0].fetch_add(1);
      return kFailedChild;
    }
  }

  void PassOn() {
    Worker& from = *workers_[Random(static_cast<uint32_t>(workers_.size()))];
    TakeFrom(root_.Block(from.back_cell));
    Worker& to = *workers_[Random(static_cast<uint32_t>(workers_.size()))];
    Message message;
    std::vector<uint64_t> cells;
    for (uint32_t count = Random(4); cells.size() < count && cells.size() < held_.size();) {
      const Held& held = held_[held_.size() - 1 - cells.size()];
      cells.push_back(held.cell);
      message.payload.push_back(held.nonce);
    }
    message.cells = cells;
    if (Publish(root_, root_.Block(to.there_cell), message)) {
      held_.resize(held_.size() - cells.size());
      passed_on_ += cells.size();
      ringer_.RingIfAsleep(family_.region(), to.id.index);
    }
    while (held_.size() > 60) Drop();
  }

  void Drop() {
    std::swap(held_[Random(static_cast<uint32_t>(held_.size()))], held_.back());
    CheckCanary(family_.region(), root_.Block(held_.back().cell), held_.back().nonce);
    root_.ReturnCell(held_.back().cell);
    held_.pop_back();
  }

  bool TakeFrom(uint64_t ring) {
    const Region& region = family_.region();
    std::optional<Received> record = PeekRecord(region, ring);
    if (!record) return false;
    for (uint32_t index = 0; index < record->header.cells; index++) {
      uint64_t cell = root_.TakeCell();
      CHECK_OK(TakeReference(region, root_.slot(), {ring, record->position, index}, cell));
      CheckCanary(region, root_.Block(cell), record->payload[index]);
      held_.push_back({cell, record->payload[index]});
    }
    AdvanceHead(region, ring, *record);
    return true;
  }

  // Kills, stops or continues somebody. Returns how many it killed.
  uint32_t Disturb() {
    size_t index = Random(static_cast<uint32_t>(workers_.size()));
    Worker& worker = *workers_[index];
    uint32_t dice = Random(10);
    if (worker.stopped && dice < 5) {
      worker.child.Kill(SIGCONT);
      worker.stopped = false;
      return 0;
    }
    if (dice < 8) {
      worker.child.Kill(SIGKILL);
      CHECK_SIGNALED(worker.child.Wait(), SIGKILL);
      dead_.push_back(std::move(workers_[index]));
      workers_.erase(workers_.begin() + static_cast<ptrdiff_t>(index));
      Start();
      return 1;
    }
    if (!worker.stopped) stops_++;
    worker.child.Kill(SIGSTOP);
    worker.stopped = true;
    return 0;
  }

  // Reads what the dead have published, reaps them, and then closes their rings.
  void SettleTheDead() {
    std::erase_if(dead_, [&](const std::unique_ptr<Worker>& dead) {
      while (TakeFrom(root_.Block(dead->back_cell))) {
      }
      CancelReservation(family_.region(), dead->id);  // killed before its claim
      root_.reaper().Reap(dead->id.index);
      if (!IsGone(family_.region(), dead->id)) return false;  // a stopped worker may be at it
      root_.ReturnCell(dead->there_cell);
      root_.ReturnCell(dead->back_cell);
      return true;
    });
  }

  // Everybody dies; the accounts must be exact.
  void EndRound() {
    for (auto& worker : workers_) {
      worker->child.Kill(SIGKILL);
      CHECK_SIGNALED(worker->child.Wait(), SIGKILL);
      dead_.push_back(std::move(worker));
      kills_++;
    }
    workers_.clear();
    root_.reaper().ReapAll();
    SettleTheDead();
    CHECK(dead_.empty());
    sound_ = CountsMatchCells(family_.region(), "after " + std::to_string(kills_) + " kills") && sound_;
    while (!held_.empty()) Drop();
    root_.allocator().Trim();
    sound_ = NothingLeaked(family_.region(), {root_.slot()}, "after " + std::to_string(kills_) + " kills") && sound_;
  }

  Family family_{200};
  Member root_{family_};
  SharedWords failed_{2};  // workers that found a fault, steps of all workers
  std::mt19937_64 random_;
  Ringer ringer_;
  std::vector<std::unique_ptr<Worker>> workers_, dead_;
  std::vector<Held> held_;
  uint64_t kills_ = 0, stops_ = 0, passed_on_ = 0;
  bool sound_ = true;
};

}  // namespace

TEST(processes_killed_at_random_leave_nothing_behind) {
  Hub hub(20);
  uint64_t end = os::MonotonicNs() + StressNs();
  do {
    hub.Run(kKillsOfARound);
  } while (hub.sound() && failures.load() == 0 && os::MonotonicNs() < end);
  std::printf("     %llu kills, %llu stops, %llu references passed on, %llu steps of workers\n",
              static_cast<unsigned long long>(hub.kills()), static_cast<unsigned long long>(hub.stops()),
              static_cast<unsigned long long>(hub.passed_on()), static_cast<unsigned long long>(hub.steps()));
  CHECK(hub.kills() > kKillsOfARound);
  CHECK(hub.passed_on() > 1000);
}

// In a circle, each thread an environment of its own, with everything that environments do to each other.
TEST(threads_as_environments_share_everything_and_leave_nothing) {
  constexpr uint32_t kThreads = 4;
  constexpr int kSteps = 6000;
  Family family(256);
  Member root(family);
  std::vector<uint64_t> ring_cells, rings;
  std::vector<SlotId> ids;
  for (uint32_t i = 0; i < kThreads; i++) {
    ring_cells.push_back(root.CreateRing(kRingBytes));
    rings.push_back(root.Block(ring_cells.back()));
    ids.push_back(family.Reserve(root.id()));
  }
  std::barrier phase(kThreads);
  std::atomic<uint64_t> received{0};
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kThreads; i++) {
    threads.emplace_back([&, i] {
      Member self(family, ids[i]);
      uint64_t in = rings[i], out = rings[(i + 1) % kThreads];
      CHECK(self.Acquire(in) != 0 && self.Acquire(out) != 0);
      Ringer ringer;
      WorkloadOptions options;
      options.seed = 100 + i;
      options.in = in;
      options.out = out;
      options.most_held = 60;
      options.published = [&] { ringer.RingIfAsleep(family.region(), ids[(i + 1) % kThreads].index); };
      Workload work(family, self, options);
      phase.arrive_and_wait();
      for (int step = 0; step < kSteps; step++) {
        work.Step();
        if (step % 64 != 0) continue;
        (void)Park(family.region(), self.slot(), os::MonotonicNs() + 200'000,
                   [&] { return RingHasRecord(family.region(), in); });
      }
      phase.arrive_and_wait();
      work.ConsumeAll();
      work.Verify();
      work.ReleaseAll();
      received.fetch_add(work.received());
      self.reaper().Retire();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(received.load() > kSteps / 10);
  for (uint64_t cell : ring_cells) root.ReturnCell(cell);
  root.reaper().ReapAll();
  root.allocator().Trim();
  CHECK(NothingLeaked(family.region(), {root.slot()}));
}

// The same blocks in all hands at once, the quota at its edge: who loses a race must get an answer, not a fault.
TEST(threads_at_the_edge_of_the_quota_get_answers_and_keep_it_exact) {
  constexpr uint32_t kThreads = 3;
  Family family(12);
  Member root(family);
  std::atomic<uint64_t> granted{0}, refused{0};
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kThreads; i++) {
    SlotId id = family.Reserve(root.id());
    threads.emplace_back([&, i, id] {
      Member self(family, id);
      std::mt19937 random(i);
      std::vector<uint64_t> cells;
      for (int step = 0; step < 3000; step++) {
        if (random() % 2 == 0) {
          uint64_t cell = self.Allocate(random() % (2 * kSpanBytes));
          (cell != 0 ? granted : refused).fetch_add(1);
          if (cell != 0) cells.push_back(cell);
          CHECK(SpansInUse(family.region()) <= 12);
        } else if (!cells.empty()) {
          self.ReturnCell(cells.back());
          cells.pop_back();
        }
      }
      self.reaper().Retire();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(granted.load() > 100);
  CHECK(refused.load() > 100);
  root.allocator().Trim();
  CHECK(NothingLeaked(family.region(), {root.slot()}));
}
