// memory/references and detectable_word: the unit behaviour, and recovery from every half-made operation.
#include "memory/references.h"

#include <thread>

#include "accounting.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

// The words of one slot at the given sequence, as if it had worked that long.
void SetSequence(const Region& region, uint32_t slot, uint32_t sequence, uint32_t done) {
  Intent& intent = region.slot(slot).intent;
  intent.last_sequence = sequence;
  intent.Set(Operation::kNone, sequence);
  intent.done.store(done);
}

struct Holder {
  Family family;
  Member root{family};
  const Region& region = family.region();
  uint64_t cell = root.Allocate(100);
  uint64_t block = root.Block(cell);
};

// Runs `operation` in a member that dies at its `hits`-th passing of the point, and reaps it.
template <class F>
void DieAt(Holder& holder, CrashPointId point, F operation) {
  SlotId id = holder.family.Reserve(holder.root.id());
  Child child = ForkChild([&] {
    Member self(holder.family, id);
    operation(self, [&] { ArmCrashPoint(static_cast<uint32_t>(point), 0); });
  });
  CHECK_SIGNALED(child.Wait(), SIGKILL);
  CHECK_EQ(holder.root.reaper().ReapAll(), 1);
  CHECK(CountsMatchCells(holder.region, "point " + std::to_string(static_cast<int>(point))));
}

}  // namespace

TEST(acquiring_and_releasing_changes_count_and_cell) {
  Holder h;
  CHECK_EQ(h.root.Count(h.block), 1);
  uint64_t second = h.root.TakeCell();
  CHECK(AcquireReference(h.region, h.root.slot(), h.block, second));
  CHECK_EQ(h.root.Count(h.block), 2);
  CHECK_EQ(h.root.Block(second), h.block);
  CHECK(CountsMatchCells(h.region));
  ReleaseReference(h.region, h.root.slot(), second);
  CHECK_EQ(h.root.Block(second), 0);
  CHECK_EQ(h.root.Count(h.block), 1);
  ReleaseReference(h.region, h.root.slot(), second);  // empty: nothing
  CHECK_EQ(h.root.Count(h.block), 1);
}

TEST(a_free_block_cannot_be_acquired) {
  Holder h;
  h.root.ReturnCell(h.cell);
  CHECK_EQ(h.root.Count(h.block), 0);
  CHECK_EQ(h.root.Acquire(h.block), 0);
  CHECK_EQ(h.root.Count(h.block), 0);
  CHECK(CountsMatchCells(h.region));
}

TEST(a_block_in_use_cannot_be_allocated_again_and_keeps_its_generation) {
  Holder h;
  uint32_t generation = h.region.block(h.block).generation;
  uint64_t cell = h.root.TakeCell();
  CHECK(!AllocateBlock(h.region, h.root.slot(), h.block, cell));
  CHECK_EQ(h.root.Block(cell), 0);
  CHECK_EQ(h.root.Count(h.block), 1);
  CHECK_EQ(h.region.block(h.block).generation, generation);
}

TEST(each_life_of_a_block_has_another_generation) {
  Holder h;
  uint32_t first = h.region.block(h.block).generation;
  h.root.ReturnCell(h.cell);
  uint64_t cell = 0;
  do {
    cell = h.root.Allocate(100);
  } while (h.root.Block(cell) != h.block);
  CHECK(h.region.block(h.block).generation != first);
}

// The author of a new block stands still, or dies, right after the count has become one: whoever acquires it then by
// a handle of the block's last life must be able to tell.
TEST(a_stale_handle_never_passes_for_the_new_block) {
  Holder h;
  SlotId id = h.family.Reserve(h.root.id());
  SharedWords words(2);
  Child child = ForkChild([&] {
    Member self(h.family, id);
    uint64_t cell = self.Allocate(100);
    uint64_t block = self.Block(cell);
    words[0].store(block);
    words[1].store(h.region.block(block).generation);
    ReleaseReference(h.region, self.slot(), cell);
    ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kReferenceCountChanged), 0);
    AllocateBlock(h.region, self.slot(), block, cell);
  });
  CHECK_SIGNALED(child.Wait(), SIGKILL);
  uint64_t block = words[0].load();
  CHECK_EQ(h.root.Count(block), 1);
  uint64_t cell = h.root.Acquire(block);
  CHECK(cell != 0);
  CHECK(h.region.block(block).generation != words[1].load());
  h.root.ReturnCell(cell);
  CHECK_EQ(h.root.reaper().ReapAll(), 1);
  CHECK(CountsMatchCells(h.region));
}

// The span of the handle's block was given back and serves another size: the place is somebody's data now.
TEST(a_stale_handle_into_a_reused_span_touches_nothing) {
  Family family;
  Member root(family);
  uint64_t first = root.Allocate(200), cell = root.Allocate(200);
  uint64_t block = root.Block(cell);
  root.ReturnCell(first);
  root.ReturnCell(cell);
  CHECK_EQ(root.allocator().Trim(), 1);
  CHECK_EQ(root.Acquire(block), 0);  // a free span
  uint64_t large = root.Allocate(300'000);
  uint8_t* payload = family.region().At(root.Block(large) + kBlockHeaderBytes);
  REQUIRE(family.region().SpanOfOffset(root.Block(large)) == family.region().SpanOfOffset(block));
  std::memset(payload, 0x33, 300'000);
  CHECK_EQ(root.Acquire(block), 0);
  CHECK(std::all_of(payload, payload + 300'000, [](uint8_t byte) { return byte == 0x33; }));
  CHECK(CountsMatchCells(family.region()));
}

TEST(a_count_stops_at_its_limit) {
  Holder h;
  std::atomic<uint64_t>& word = h.region.block(h.block).word;
  CountWord seen = CountWord::Unpack(word.load());
  seen.count = kMaxCount - 1;
  word.store(seen.Pack());
  uint64_t last = h.root.Acquire(h.block);
  CHECK(last != 0);
  CHECK_EQ(h.root.Count(h.block), kMaxCount);
  CHECK_EQ(h.root.Acquire(h.block), 0);
  CHECK_EQ(h.root.Count(h.block), kMaxCount);
  h.root.ReturnCell(last);
  CHECK_EQ(h.root.Count(h.block), kMaxCount - 1);
}

TEST(moving_changes_cells_and_no_count) {
  Holder h;
  uint64_t to = h.root.TakeCell();
  uint64_t word = h.region.block(h.block).word.load();
  MoveReference(h.region, h.root.slot(), h.cell, to);
  CHECK_EQ(h.root.Block(h.cell), 0);
  CHECK_EQ(h.root.Block(to), h.block);
  CHECK_EQ(h.region.block(h.block).word.load(), word);
  CHECK(CountsMatchCells(h.region));
}

TEST(a_cell_with_nonsense_releases_nothing) {
  Holder h;
  uint64_t cell = h.root.TakeCell();
  for (uint64_t nonsense : std::initializer_list<uint64_t>{1ull, 4096ull, ~0ull, 1ull << 40, h.block + 1, h.block + 4}) {
    h.region.word(cell).store(nonsense);
    ReleaseReference(h.region, h.root.slot(), cell);
    CHECK_EQ(h.root.Count(h.block), 1);
  }
  h.region.word(cell).store(0);
  const ArenaHeader& header = h.region.header();
  // The last bytes of the arena: a header there would lie beyond the mapping.
  h.region.word(cell).store(header.data_offset + header.span_count * kSpanBytes - 8);
  ReleaseReference(h.region, h.root.slot(), cell);
  h.region.word(cell).store(0);
  CHECK(CountsMatchCells(h.region));
}

TEST(an_acquire_cut_off_at_any_step_leaves_count_and_cells_equal) {
  for (CrashPointId point : {CrashPointId::kReferenceIntentPublished, CrashPointId::kReferenceCountChanged,
                             CrashPointId::kReferenceCellWritten}) {
    Holder h;
    DieAt(h, point, [&](Member& self, auto arm) {
      arm();
      self.Acquire(h.block);
    });
    CHECK_EQ(h.root.Count(h.block), 1);
  }
}

TEST(a_release_cut_off_at_any_step_is_done_once) {
  for (CrashPointId point : {CrashPointId::kReferenceIntentPublished, CrashPointId::kReferenceCountChanged,
                             CrashPointId::kReferenceCellWritten}) {
    Holder h;
    DieAt(h, point, [&](Member& self, auto arm) {
      uint64_t cell = self.Acquire(h.block);
      arm();
      self.ReturnCell(cell);
    });
    CHECK_EQ(h.root.Count(h.block), 1);
  }
}

TEST(a_move_cut_off_at_any_step_is_finished) {
  for (CrashPointId point : {CrashPointId::kMoveIntentPublished, CrashPointId::kMoveTargetWritten,
                             CrashPointId::kMoveSourceCleared}) {
    Holder h;
    DieAt(h, point, [&](Member& self, auto arm) {
      uint64_t from = self.Acquire(h.block), to = self.TakeCell();
      arm();
      MoveReference(h.region, self.slot(), from, to);
    });
    CHECK_EQ(h.root.Count(h.block), 1);
  }
}

// The word was overwritten by others after the dead one's change: only their help tells that it happened.
TEST(a_change_that_others_have_overwritten_is_still_known_to_have_happened) {
  for (bool release : {false, true}) {
    Holder h;
    SlotId id = h.family.Reserve(h.root.id());
    Child child = ForkChild([&] {
      Member self(h.family, id);
      uint64_t cell = release ? self.Acquire(h.block) : self.TakeCell();
      ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kReferenceCountChanged), 0);
      if (release) ReleaseReference(h.region, self.slot(), cell);
      AcquireReference(h.region, self.slot(), h.block, cell);
    });
    CHECK_SIGNALED(child.Wait(), SIGKILL);
    CHECK_EQ(h.root.Count(h.block), release ? 1 : 2);
    for (int i = 0; i < 3; i++) h.root.ReturnCell(h.root.Acquire(h.block));
    CHECK_EQ(h.root.reaper().ReapAll(), 1);
    CHECK_EQ(h.root.Count(h.block), 1);
    CHECK(CountsMatchCells(h.region));
  }
}

// The block was freed by the dead one's last change, and its span went back: its word is gone or somebody's data.
TEST(a_release_is_known_to_have_happened_after_its_span_was_given_back_and_reused) {
  for (int variant = 0; variant < 4; variant++) {
    uint64_t bytes = variant % 2 == 0 ? 100 : 700'000;
    bool reap_first = variant >= 2;
    Family family;
    Member root(family);
    const Region& region = family.region();
    uint64_t cell = root.Allocate(bytes);
    uint64_t block = root.Block(cell);
    SlotId id = family.Reserve(root.id());
    SharedWords words(1);
    Child child = ForkChild([&] {
      Member self(family, id);
      uint64_t mine = self.Acquire(block);
      words[0].store(1);
      while (words[0].load() == 1) usleep(500);
      ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kReferenceCountChanged), 0);
      self.ReturnCell(mine);
    });
    REQUIRE(Eventually([&] { return words[0].load() == 1; }));
    root.ReturnCell(cell);
    words[0].store(2);
    CHECK_SIGNALED(child.Wait(), SIGKILL);
    CHECK_EQ(root.Count(block), 0);
    CHECK(root.allocator().Trim() > 0);
    if (reap_first) {
      CHECK_EQ(root.reaper().ReapAll(), 1);
      CHECK(NothingLeaked(region, {root.slot()}));  // nor did the look at the block bring a page back
      continue;
    }
    // The same place again, with a word that a second release would take down.
    uint64_t again = root.Allocate(bytes);
    CHECK_EQ(root.Block(again), block);
    CHECK_EQ(root.reaper().ReapAll(), 1);
    CHECK_EQ(root.Count(block), 1);
    CHECK(CountsMatchCells(region));
  }
}

TEST(sequences_run_over_the_end_of_their_numbers) {
  Holder h;
  for (uint32_t start : {0xfffffff0u, 0x7ffffff0u}) {
    SetSequence(h.region, h.root.slot(), start, start - 5);
    for (int i = 0; i < 64; i++) {
      uint64_t cell = h.root.Acquire(h.block);
      CHECK(cell != 0);
      CHECK(CountWord::Unpack(h.region.block(h.block).word.load()).sequence != 0);
      h.root.ReturnCell(cell);
    }
    CHECK_EQ(h.root.Count(h.block), 1);
  }
}

// Help must reach the writer whatever its `done` says: also exactly half the number space behind, and ahead.
TEST(help_counts_whatever_the_distance_of_done) {
  for (uint32_t sequence : {1u, 5u, 0x7fffffffu, 0x80000000u, 0x80000001u, 0xfffffffeu, 0xffffffffu}) {
    for (uint32_t distance : {1u, 2u, 0x7fffffffu, 0x80000000u, 0x80000001u, 0xffffffffu}) {
      Holder h;
      SlotId id = h.family.Reserve(h.root.id());
      SetSequence(h.region, id.index, sequence - 1, sequence - distance);
      Child child = ForkChild([&] {
        Member self(h.family, id);
        uint64_t cell = self.TakeCell();
        ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kReferenceCountChanged), 0);
        AcquireReference(h.region, self.slot(), h.block, cell);
      });
      CHECK_SIGNALED(child.Wait(), SIGKILL);
      h.root.ReturnCell(h.root.Acquire(h.block));  // overwrites, and helps before
      CHECK_EQ(h.root.reaper().ReapAll(), 1);
      if (h.root.Count(h.block) != 1) {
        Fail(__FILE__, __LINE__, "sequence " + std::to_string(sequence) + " distance " + std::to_string(distance));
      }
    }
  }
}

// What a predecessor in the slot left in words must not look like the newcomer's doing.
TEST(a_newcomer_in_a_slot_is_not_taken_for_its_predecessor) {
  Holder h;
  SlotId id = h.family.Reserve(h.root.id());
  Child first = ForkChild([&] {
    Member self(h.family, id);
    self.Acquire(h.block);
    kill(getpid(), SIGKILL);
  });
  first.Wait();
  CHECK_EQ(h.root.reaper().ReapAll(), 1);
  uint32_t left = CountWord::Unpack(h.region.block(h.block).word.load()).sequence;
  SlotId next = h.family.Reserve(h.root.id());
  REQUIRE(next.index == id.index);
  Child second = ForkChild([&] {
    Member self(h.family, next);
    ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kReferenceIntentPublished), 0);
    self.Acquire(h.block);
  });
  CHECK_SIGNALED(second.Wait(), SIGKILL);
  CHECK(h.region.slot(id.index).intent.sequence() != left);
  CHECK_EQ(h.root.reaper().ReapAll(), 1);
  CHECK_EQ(h.root.Count(h.block), 1);
  CHECK(CountsMatchCells(h.region));
}

TEST(threads_acquiring_and_releasing_one_block_keep_its_count_exact) {
  Holder h;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    SlotId id = h.family.Reserve(h.root.id());
    threads.emplace_back([&, id] {
      Member self(h.family, id);
      std::vector<uint64_t> cells;
      for (int round = 0; round < 20'000; round++) {
        if (cells.size() < 5 && round % 3 != 0) {
          cells.push_back(self.Acquire(h.block));
          CHECK(cells.back() != 0);
        } else if (!cells.empty()) {
          self.ReturnCell(cells.back());
          cells.pop_back();
        }
      }
      self.reaper().Retire();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(h.root.Count(h.block), 1);
  CHECK(CountsMatchCells(h.region));
}
