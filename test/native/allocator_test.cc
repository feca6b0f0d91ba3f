// memory/allocator: sizes, reuse, blocks that others free, adoption, quota, trimming.
#include "memory/allocator.h"

#include <thread>

#include "workload.h"

#include "accounting.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

struct Heap {
  explicit Heap(uint64_t limit_spans = 64) : family(limit_spans) {}
  Family family;
  Member root{family};
  const Region& region = family.region();

  SlotId Reserve() { return family.Reserve(root.id()); }
  AllocationFailure FailureOf(uint64_t bytes) {
    return root.allocator().Allocate(bytes, BlockKind::kSlab, root.TakeCell()).failure;
  }
};

constexpr uint64_t kHalf = 400'000;  // two blocks in a span

}  // namespace

TEST(every_size_gets_a_block_of_its_own_that_holds_it) {
  Heap heap(512);
  std::vector<std::pair<uint64_t, uint64_t>> extents;
  for (uint64_t bytes : {0ull,       1ull,       31ull,       32ull,        33ull,        480ull,        481ull,
                         1000ull,    4096ull,    65504ull,    65505ull,     524256ull,    524257ull,     1048544ull,
                         1048545ull, 3000000ull, 16777216ull, 1ull,        480ull,       1048545ull}) {
    uint64_t cell = heap.root.Allocate(bytes);
    REQUIRE(cell != 0);
    uint64_t block = heap.root.Block(cell);
    CHECK_EQ(block % kCacheLine, 0);
    CHECK_EQ(heap.region.block(block).payload_bytes, bytes);
    CHECK_EQ(heap.region.block(block).kind, BlockKind::kSlab);
    CHECK_EQ(heap.root.Count(block), 1);
    std::memset(heap.region.At(block + kBlockHeaderBytes), 0x77, bytes);
    extents.emplace_back(block, block + kBlockHeaderBytes + bytes);
  }
  std::sort(extents.begin(), extents.end());
  for (size_t i = 1; i < extents.size(); i++) CHECK(extents[i - 1].second <= extents[i].first);
  CHECK(CountsMatchCells(heap.region));
}

TEST(what_cannot_fit_is_too_large_whatever_the_number) {
  Heap heap;
  uint64_t all = static_cast<uint64_t>(heap.region.header().span_count) * kSpanBytes;
  for (uint64_t bytes : {~0ull, ~0ull - 31, 1ull << 63, static_cast<unsigned long long>(all)}) {
    CHECK_EQ(heap.FailureOf(bytes), AllocationFailure::kTooLarge);
  }
  CHECK_EQ(heap.FailureOf(all - kBlockHeaderBytes), AllocationFailure::kQuotaExhausted);
  CHECK(NothingLeaked(heap.region, {heap.root.slot()}));
}

TEST(a_freed_block_is_used_again_before_a_new_span_is_claimed) {
  Heap heap;
  for (uint64_t bytes : {100ull, 10'000ull, 400'000ull, 2'000'000ull}) {
    for (int i = 0; i < 10'000; i++) {
      uint64_t cell = heap.root.Allocate(bytes);
      REQUIRE(cell != 0);
      heap.root.ReturnCell(cell);
    }
  }
  CHECK_EQ(SpansInUse(heap.region), 1 + 1 + 1 + 2);
  CHECK_EQ(heap.root.allocator().owned_spans(), 5);
  CHECK(CountsMatchCells(heap.region));
}

TEST(a_run_is_reused_for_what_is_at_most_a_quarter_shorter) {
  Heap heap;
  heap.root.ReturnCell(heap.root.Allocate(10 * kSpanBytes - 100));
  CHECK_EQ(SpansInUse(heap.region), 10);
  heap.root.ReturnCell(heap.root.Allocate(8 * kSpanBytes - 100));
  CHECK_EQ(SpansInUse(heap.region), 10);
  heap.root.ReturnCell(heap.root.Allocate(7 * kSpanBytes - 100));
  CHECK_EQ(SpansInUse(heap.region), 17);
}

// By whatever way the last reference goes: by its holder, dropped in a ring, or by a reaper.
TEST(blocks_that_others_free_come_back_to_their_owner) {
  enum class Way { kRelease, kDrop, kReap, kRetire };
  for (Way way : {Way::kRelease, Way::kDrop, Way::kReap, Way::kRetire}) {
    Heap heap;
    uint64_t ring = heap.root.CreateRing(65536);
    uint32_t before = SpansInUse(heap.region);
    for (int round = 0; round < 12; round++) {
      std::vector<uint64_t> cells;
      for (int i = 0; i < 10; i++) cells.push_back(heap.root.Allocate(kHalf));
      REQUIRE(cells.back() != 0);
      SlotId id = heap.Reserve();
      auto consume = [&](Member& self) {
        Message message;
        message.cells = cells;
        CHECK(Publish(heap.root, heap.root.Block(ring), message));
        std::optional<Received> record = PeekRecord(heap.region, heap.root.Block(ring));
        for (uint32_t i = 0; i < cells.size(); i++) {
          InFlight reference{heap.root.Block(ring), record->position, i};
          if (way == Way::kDrop) {
            CHECK_OK(DropReference(heap.region, self.slot(), reference));
            continue;
          }
          uint64_t cell = self.TakeCell();
          CHECK_OK(TakeReference(heap.region, self.slot(), reference, cell));
          if (way == Way::kRelease) self.ReturnCell(cell);
        }
        AdvanceHead(heap.region, heap.root.Block(ring), *record);
      };
      if (way == Way::kReap) {
        Message message;
        std::vector<uint64_t> blocks;
        for (uint64_t cell : cells) blocks.push_back(heap.root.Block(cell));
        Child child = ForkChild([&] {
          Member self(heap.family, id);
          for (uint64_t block : blocks) CHECK(self.Acquire(block) != 0);
        });
        CHECK_EXITED(child.Wait(), 0);
        for (uint64_t cell : cells) ReleaseReference(heap.region, heap.root.slot(), cell);
        CHECK_EQ(heap.root.reaper().ReapAll(), 1);
        for (uint64_t cell : cells) heap.root.ReturnCell(cell);
      } else {
        Member self(heap.family, id);
        consume(self);
        self.reaper().Retire();
      }
    }
    // Ten blocks are five spans; what is freed elsewhere may be noticed a round later.
    if (SpansInUse(heap.region) - before > 10) {
      Fail(__FILE__, __LINE__, "way " + std::to_string(static_cast<int>(way)) + ": " +
                                   std::to_string(SpansInUse(heap.region) - before) + " spans for ten blocks");
    }
    CHECK(CountsMatchCells(heap.region));
  }
}

TEST(a_block_freed_by_one_who_died_at_it_comes_back_to_its_owner) {
  Heap heap;
  uint64_t first = heap.root.Allocate(kHalf), second = heap.root.Allocate(kHalf);
  uint64_t block = heap.root.Block(first);
  SlotId id = heap.Reserve();
  SharedWords words(2);
  Child child = ForkChild([&] {
    Member self(heap.family, id);
    uint64_t mine = self.Acquire(block);
    words[0].store(1);
    while (words[1].load() == 0) usleep(500);
    ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kReferenceCountChanged), 0);
    self.ReturnCell(mine);
  });
  REQUIRE(Eventually([&] { return words[0].load() == 1; }));
  heap.root.ReturnCell(first);
  words[1].store(1);
  CHECK_SIGNALED(child.Wait(), SIGKILL);
  CHECK_EQ(heap.root.reaper().ReapAll(), 1);
  CHECK_EQ(heap.root.Block(heap.root.Allocate(kHalf)), block);
  CHECK_EQ(SpansInUse(heap.region), 1);
  CHECK(heap.root.Block(second) != block);
}

TEST(an_exhausted_quota_is_an_answer_and_passes) {
  Heap heap(8);
  std::vector<uint64_t> cells;
  for (uint64_t cell; (cell = heap.root.Allocate(kHalf)) != 0;) cells.push_back(cell);
  CHECK_EQ(cells.size(), 16);
  CHECK_EQ(heap.FailureOf(kHalf), AllocationFailure::kQuotaExhausted);
  CHECK_EQ(heap.FailureOf(2'000'000), AllocationFailure::kQuotaExhausted);
  CHECK_EQ(SpansInUse(heap.region), 8);
  CHECK(CountsMatchCells(heap.region));
  for (uint64_t cell : cells) heap.root.ReturnCell(cell);
  CHECK(heap.root.Allocate(8 * kSpanBytes - 100) != 0);  // its own empty spans are no obstacle
  CHECK_EQ(SpansInUse(heap.region), 8);
  CHECK(CountsMatchCells(heap.region));
}

TEST(trimming_returns_what_is_empty_and_keeps_the_rest_usable) {
  Heap heap;
  uint64_t kept = heap.root.Allocate(kHalf);
  std::vector<uint64_t> others;
  for (int i = 0; i < 9; i++) others.push_back(heap.root.Allocate(kHalf));
  uint64_t run = heap.root.Allocate(3'000'000);
  uint64_t tiny = heap.root.Allocate(10);
  for (uint64_t cell : others) heap.root.ReturnCell(cell);
  heap.root.ReturnCell(run);
  heap.root.ReturnCell(tiny);
  CHECK_EQ(heap.root.allocator().Trim(), 4 + 3 + 1);
  CHECK_EQ(SpansInUse(heap.region), 1);
  CHECK_EQ(heap.root.allocator().Trim(), 0);
  CHECK(CountsMatchCells(heap.region));
  for (uint64_t& cell : others) cell = heap.root.Allocate(kHalf);
  CHECK_EQ(SpansInUse(heap.region), 5);
  for (uint64_t cell : others) CHECK(heap.root.Block(cell) != heap.root.Block(kept));
  for (uint64_t cell : others) heap.root.ReturnCell(cell);
  heap.root.ReturnCell(kept);
  heap.root.allocator().Trim();
  CHECK(NothingLeaked(heap.region, {heap.root.slot()}));
}

TEST(an_adopted_span_serves_its_free_blocks_and_goes_on_where_its_owner_stopped) {
  Heap heap;
  uint64_t held;
  {
    Member lodger(heap.family, heap.Reserve());
    lodger.Allocate(10'000);
    held = heap.root.Acquire(lodger.Block(lodger.Allocate(10'000)));
    lodger.Allocate(10'000);
    lodger.reaper().Retire();
  }
  CHECK_EQ(Audit(heap.region).orphans(), 1);
  std::vector<uint64_t> blocks{heap.root.Block(held)};
  uint32_t in_span = BlocksInSpan(ClassOfBlockBytes(10'000 + kBlockHeaderBytes));
  for (uint32_t i = 1; i < in_span; i++) blocks.push_back(heap.root.Block(heap.root.Allocate(10'000)));
  CHECK_EQ(SpansInUse(heap.region), 1);
  CHECK_EQ(Audit(heap.region).orphans(), 0);
  std::sort(blocks.begin(), blocks.end());
  CHECK(std::adjacent_find(blocks.begin(), blocks.end()) == blocks.end());
  CHECK(CountsMatchCells(heap.region));
}

// What the dead leave half used must not use up the quota of the living once it has become empty.
TEST(empty_orphans_of_other_sizes_do_not_exhaust_the_quota) {
  Heap heap(16);
  std::vector<uint64_t> held;
  for (uint64_t bytes : {100, 5000, 70'000, 400'000}) {
    Member lodger(heap.family, heap.Reserve());
    held.push_back(heap.root.Acquire(lodger.Block(lodger.Allocate(bytes))));
    held.push_back(heap.root.Acquire(lodger.Block(lodger.Allocate(kSpanBytes * 2))));
    lodger.reaper().Retire();
  }
  CHECK_EQ(SpansInUse(heap.region), 16);
  for (uint64_t cell : held) heap.root.ReturnCell(cell);
  CHECK(heap.root.Allocate(12 * kSpanBytes) != 0);
  CHECK(CountsMatchCells(heap.region));
}

TEST(a_slot_that_never_allocates_may_trim_what_the_dead_left) {
  Heap heap;
  uint64_t held;
  {
    Member lodger(heap.family, heap.Reserve());
    held = heap.root.Acquire(lodger.Block(lodger.Allocate(5'000'000)));
    lodger.reaper().Retire();
  }
  CHECK_EQ(heap.root.allocator().Trim(), 0);
  heap.root.ReturnCell(held);
  CHECK_EQ(heap.root.allocator().Trim(), 5);
  CHECK(NothingLeaked(heap.region, {heap.root.slot()}));
}

TEST(two_slots_never_share_a_span) {
  Heap heap;
  Member other(heap.family, heap.Reserve());
  for (int i = 0; i < 100; i++) {
    uint64_t mine = heap.root.Block(heap.root.Allocate(5000)), theirs = other.Block(other.Allocate(5000));
    CHECK(heap.region.SpanOfOffset(mine) != heap.region.SpanOfOffset(theirs));
  }
}

TEST(a_long_random_life_ends_with_nothing_left) {
  for (uint64_t seed = 1; seed <= 5; seed++) {
    Heap heap(48);  // small enough to be exhausted now and then
    Member self(heap.family, heap.Reserve());
    WorkloadOptions options;
    options.seed = seed;
    Workload work(heap.family, self, options);
    for (int step = 0; step < 4000; step++) work.Step();
    work.Verify();
    CHECK(CountsMatchCells(heap.region));
    work.ReleaseAll();
    self.allocator().Trim();
    heap.root.reaper().ReapAll();
    CHECK(NothingLeaked(heap.region, {heap.root.slot(), self.slot()}, "seed " + std::to_string(seed)));
  }
}
