// channel/queue among the living: order, growth, fullness, references, closing, what is finished. Deaths at it are
// queue_crash_test.cc, many at once queue_stress_test.cc, nonsense in it queue_hostile_test.cc.
#include "channel/queue.h"

#include <random>

#include "queue_support.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

struct Line {
  explicit Line(QueueShape shape = {}) : cell(CreateQueue(putter, shape)), queue(putter.Block(cell)) {
    theirs = getter.Acquire(queue);
  }
  Family family{128};
  Member putter{family};
  Member getter{family, family.Reserve(putter.id())};
  const Region& region = family.region();
  uint64_t cell, queue, theirs = 0;

  QueueBlock& block() { return QueueAt(region, queue); }
  Ring& ring(uint32_t number) { return region.ring(region.word(RingCellOffset(queue, number)).load()); }
  // Both have left it.
  void Close() {
    putter.ReturnCell(cell);
    getter.ReturnCell(theirs);
    CHECK(CountsMatchCells(region));
    CHECK_EQ(Audit(region).blocks_in_use(), 0);
  }
  // As if so many bytes had gone through the first ring already.
  void SetPositions(uint32_t position) {
    ring(0).tail.store(position);
    ring(0).head.store(position);
    ring(0).begun.store(position);
  }
};

QueueShape Small(uint32_t max_rings = 1, uint32_t max_items = 0) {
  return {.max_items = max_items, .max_rings = max_rings, .first_ring_bytes = 1024};
}

// Puts numbered items until there is no room; how many went in.
uint32_t Fill(Line& line, uint64_t first, uint32_t references) {
  for (uint32_t count = 0;; count++) {
    Item item = MakeItem(line.putter, first + count, references);
    if (PutItem(line.putter, line.queue, item) == QueueOutcome::kDone) continue;
    Discard(line.putter, item.cells);
    return count;
  }
}

}  // namespace

TEST(items_come_out_as_they_went_in_over_every_wrap_around) {
  for (uint32_t start : {0u, 8u, 1016u, 0x7ffffff0u, 0xfffffc00u, 0xffffffe8u}) {
    Line line(Small(3));
    line.SetPositions(start);
    std::mt19937 random(start + 1);
    std::vector<Item> sent;
    uint32_t taken = 0;
    while (taken < 3000) {
      Item item;
      item.length = static_cast<uint32_t>(sent.size());
      item.type = static_cast<uint16_t>(random() % 32 | (random() % 2 << 8));
      for (uint32_t i = random() % 4; i > 0; i--) item.cells.push_back(line.putter.Allocate(50));
      for (uint64_t cell : item.cells) item.payload.push_back(line.putter.Block(cell));
      item.payload.resize(item.cells.size() + random() % 40, sent.size());
      item.spare_bytes = random() % 8;
      if (random() % 3 != 0 && PutItem(line.putter, line.queue, item) == QueueOutcome::kDone) {
        sent.push_back(item);
        continue;
      }
      Discard(line.putter, item.cells);
      Taken got = TakeItem(line.getter, line.queue);
      if (got.outcome == QueueOutcome::kEmpty) continue;
      REQUIRE(got.outcome == QueueOutcome::kDone);
      CHECK_EQ(got.length, taken);
      CHECK_EQ(got.type, sent[taken].type);
      CHECK_EQ(got.payload_bytes, sent[taken].payload_bytes());
      CHECK(got.payload == sent[taken].payload);
      CHECK_EQ(got.cells.size(), sent[taken].cells.size());
      for (size_t i = 0; i < got.cells.size(); i++) CHECK_EQ(line.getter.Block(got.cells[i]), got.payload[i]);
      Discard(line.getter, got.cells);
      taken++;
    }
    CHECK_EQ(Size(line.region, line.queue), sent.size() - taken);
    CHECK(CountsMatchCells(line.region, "start " + std::to_string(start)));
    line.Close();
  }
}

// Records are multiples of 8 bytes, headers are 16: a rest of 8 has room for half a header, which must do.
TEST(a_rest_too_short_for_a_record_is_skipped) {
  for (uint32_t rest = 8; rest <= 48; rest += 8) {
    Line line(Small());
    line.SetPositions(1024 - rest);
    REQUIRE(PutItem(line.putter, line.queue, MakeItem(line.putter, 1, 2)) == QueueOutcome::kDone);
    CHECK_EQ(line.ring(0).tail.load(), 1024 + RecordBytes(24, 2));
    CHECK(CountsMatchCells(line.region));
    if (rest % 16 == 0) CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, line.queue)), 1u);
    line.Close();
  }
}

TEST(a_full_ring_is_followed_by_longer_ones_and_drained_ones_are_given_up) {
  Line line(Small(kQueueRings));
  std::vector<uint32_t> per_ring;
  uint64_t next = 0;
  for (uint32_t rings = 1; rings <= 5; next++) {
    REQUIRE(PutItem(line.putter, line.queue, MakeItem(line.putter, next, 1)) == QueueOutcome::kDone);
    if (RingsOf(line.region, line.queue) > rings) rings++;
  }
  for (uint32_t number = 0; number < 6; number++) CHECK_EQ(line.ring(number).capacity, 1024u << number);
  CHECK(CountsMatchCells(line.region));
  for (uint64_t number = 0; number < next; number++) {
    CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, line.queue)), number);
    if (number == 100) CHECK(CountsMatchCells(line.region));
  }
  CHECK_EQ(TakeItem(line.getter, line.queue).outcome, QueueOutcome::kEmpty);
  CHECK_EQ(RingsOf(line.region, line.queue), 1);
  CHECK_EQ(line.block().read.load(), line.block().written.load());
  line.Close();
}

TEST(rings_grow_up_to_a_length_and_their_places_are_used_again) {
  Line line({.max_rings = 3, .first_ring_bytes = 256});
  uint64_t put = 0, taken = 0;
  for (int round = 0; round < 150; round++) {
    put += Fill(line, put, 0);
    CHECK_EQ(RingsOf(line.region, line.queue), 3);
    while (taken < put) CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, line.queue)), taken++);
  }
  CHECK(line.block().written.load() > 2 * kQueueRings);
  CHECK_EQ(NextRingBytes(line.region, line.queue), 256u << 8);
  line.Close();
}

TEST(a_queue_of_one_ring_is_full_when_that_is_and_has_room_again) {
  Line line(Small());
  const uint32_t most = Fill(line, 0, 2);
  CHECK_EQ(most, 1024 / RecordBytes(24, 2));
  CHECK(!HasSpace(line.region, line.queue, RecordBytes(24, 2)));
  CHECK(HasItems(line.region, line.queue));
  CHECK(CountsMatchCells(line.region));
  CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, line.queue)), 0u);
  CHECK(HasSpace(line.region, line.queue, RecordBytes(24, 2)));
  CHECK_EQ(Fill(line, most, 2), 1);
  for (uint64_t number = 1; number <= most; number++) {
    CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, line.queue)), number);
  }
  CHECK(!HasItems(line.region, line.queue));
  line.Close();
}

TEST(a_limit_of_items_is_exact_while_items_come_and_go) {
  for (uint32_t limit : {1u, 2u, 7u, 100u}) {
    Line line(Small(kQueueRings, limit));
    // Counters wrap like positions.
    line.block().puts.store(0u - 20u);
    line.block().gets.store(0u - 20u);
    CHECK_EQ(Fill(line, 0, 0), limit);
    CHECK_EQ(Size(line.region, line.queue), limit);
    CHECK(!HasSpace(line.region, line.queue, 32));
    for (uint64_t number = 0; number < 200; number++) {
      CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, line.queue)), number);
      CHECK(HasSpace(line.region, line.queue, 32));
      CHECK_EQ(Fill(line, number + limit, 0), 1);
    }
    line.Close();
  }
}

TEST(what_is_put_into_a_closed_queue_is_refused_and_what_is_in_it_comes_out) {
  Line line(Small(4));
  for (uint64_t number = 0; number < 5; number++) PutItem(line.putter, line.queue, MakeItem(line.putter, number, 1));
  line.block().closed.store(1);
  Item late = MakeItem(line.putter, 5, 1);
  CHECK_EQ(PutItem(line.putter, line.queue, late), QueueOutcome::kClosed);
  CHECK(HasSpace(line.region, line.queue, 1000));  // there is an answer to be had
  CHECK_EQ(line.putter.Count(line.putter.Block(late.cells[0])), 1);
  Discard(line.putter, late.cells);
  for (uint64_t number = 0; number < 5; number++) {
    CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, line.queue)), number);
  }
  CHECK_EQ(TakeItem(line.getter, line.queue).outcome, QueueOutcome::kClosed);
  CHECK(HasItems(line.region, line.queue));
  line.Close();
}

TEST(references_change_hands_and_their_counts_do_not_change) {
  Line line(Small(4));
  Item item = MakeItem(line.putter, 1, 3);
  std::vector<uint64_t> blocks;
  for (uint64_t cell : item.cells) blocks.push_back(line.putter.Block(cell));
  uint64_t kept = line.putter.Acquire(blocks[1]);
  REQUIRE(PutItem(line.putter, line.queue, item) == QueueOutcome::kDone);
  for (uint64_t block : blocks) CHECK_EQ(line.putter.Count(block), block == blocks[1] ? 2 : 1);
  Taken taken = TakeItem(line.getter, line.queue);
  REQUIRE(taken.cells.size() == 3);
  for (size_t i = 0; i < 3; i++) CHECK_EQ(line.getter.Block(taken.cells[i]), blocks[i]);
  for (uint64_t block : blocks) CHECK_EQ(line.putter.Count(block), block == blocks[1] ? 2 : 1);
  CHECK(CountsMatchCells(line.region));
  CHECK_EQ(OpenItem(line.getter, taken), 1);
  CHECK_EQ(line.putter.Count(blocks[1]), 1);
  line.putter.ReturnCell(kept);
  line.Close();
}

TEST(what_is_not_taken_stays_as_it_was) {
  Line line(Small(4));
  Item item = MakeItem(line.putter, 9, 2);
  item.type = 2;
  REQUIRE(PutItem(line.putter, line.queue, item) == QueueOutcome::kDone);
  Taken other_type = TakeItem(line.getter, line.queue, {.types = ~(1u << 2)});
  CHECK_EQ(other_type.outcome, QueueOutcome::kUnwanted);
  CHECK_EQ(other_type.type, 2);
  CHECK_EQ(other_type.length, 9);
  CHECK_EQ(TakeItem(line.getter, line.queue, {.max_length = 8}).outcome, QueueOutcome::kUnwanted);
  uint8_t payload[64];
  uint64_t cells[] = {line.getter.TakeCell()};
  IncomingItem few{.payload = payload, .payload_room = sizeof(payload), .cells = cells, .cell_room = 1};
  CHECK_EQ(Take(line.region, line.getter.slot(), line.queue, few), QueueOutcome::kNeedsCells);
  CHECK_EQ(few.cell_count, 2);
  line.getter.ReturnCell(cells[0]);
  CHECK_EQ(line.block().Of(line.getter.slot()).got.load(), 0);
  CHECK(CountsMatchCells(line.region));
  CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, line.queue, {.types = 1u << 2, .max_length = 9})), 9);
  line.Close();
}

TEST(a_queue_that_nobody_has_takes_along_what_is_in_it) {
  for (bool putter_first : {true, false}) {
    Line line(Small(4));
    CHECK(Fill(line, 0, 3) > 50);
    CHECK(RingsOf(line.region, line.queue) == 4);
    putter_first ? line.putter.ReturnCell(line.cell) : line.getter.ReturnCell(line.theirs);
    CHECK(CountsMatchCells(line.region));
    CHECK(Audit(line.region).blocks_in_use() > 150);
    putter_first ? line.getter.ReturnCell(line.theirs) : line.putter.ReturnCell(line.cell);
    CHECK_EQ(Audit(line.region).blocks_in_use(), 0);
    CHECK(CountsMatchCells(line.region));
  }
}

TEST(queues_travel_in_queues_with_all_that_is_in_them) {
  Line line(Small(4));
  uint64_t inner_cell = CreateQueue(line.putter, Small(4));
  uint64_t inner = line.putter.Block(inner_cell);
  PutItem(line.putter, inner, MakeItem(line.putter, 7, 1));
  Item item;
  item.cells = {inner_cell};
  REQUIRE(PutItem(line.putter, line.queue, item) == QueueOutcome::kDone);
  CHECK(CountsMatchCells(line.region));
  Taken taken = TakeItem(line.getter, line.queue);
  REQUIRE(taken.cells.size() == 1);
  CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, inner)), 7);
  PutItem(line.getter, inner, MakeItem(line.getter, 8, 1));
  REQUIRE(PutItem(line.getter, line.queue, Item{.payload = {}, .cells = taken.cells}) == QueueOutcome::kDone);
  line.Close();
}

TEST(who_takes_the_next_has_finished_the_last) {
  Line line(Small(4));
  for (uint64_t number = 0; number < 3; number++) PutItem(line.putter, line.queue, MakeItem(line.putter, number, 0));
  CHECK_EQ(Unfinished(line.region, line.queue), 3);
  for (uint32_t left = 3; left > 0; left--) {
    OpenItem(line.getter, TakeItem(line.getter, line.queue));
    CHECK_EQ(Unfinished(line.region, line.queue), left);
    FinishItems(line.region, line.queue, line.getter.slot());
    CHECK_EQ(Unfinished(line.region, line.queue), left - 1);
  }
  CHECK_EQ(Lost(line.region, line.queue), 0);
  line.Close();
}

TEST(where_each_item_is_finished_by_itself_nothing_else_finishes_it) {
  QueueShape shape = Small(4);
  shape.needs_done = true;
  Line line(shape);
  QueueSlot& own = line.block().Of(line.getter.slot());
  for (std::atomic<uint32_t>* count : {&own.got, &own.done}) count->store(0u - 1u);  // of its slot's earlier lives
  line.block().puts.store(0u - 1u);
  line.block().gets.store(0u - 1u);
  for (uint64_t number = 0; number < 3; number++) PutItem(line.putter, line.queue, MakeItem(line.putter, number, 0));
  CHECK(!FinishItem(line.region, line.queue, line.getter.slot()));
  for (int i = 0; i < 2; i++) OpenItem(line.getter, TakeItem(line.getter, line.queue));
  FinishItems(line.region, line.queue, line.getter.slot());
  CHECK_EQ(Unfinished(line.region, line.queue), 3);
  CHECK(FinishItem(line.region, line.queue, line.getter.slot()));
  CHECK(FinishItem(line.region, line.queue, line.getter.slot()));
  CHECK(!FinishItem(line.region, line.queue, line.getter.slot()));
  CHECK(!FinishItem(line.region, line.queue, line.putter.slot()));
  CHECK_EQ(Unfinished(line.region, line.queue), 1);
  OpenItem(line.getter, TakeItem(line.getter, line.queue));
  line.getter.reaper().Retire();  // with one in its hands
  CHECK_EQ(Unfinished(line.region, line.queue), 0);
  CHECK_EQ(Lost(line.region, line.queue), 1);
  line.putter.ReturnCell(line.cell);
  CHECK_EQ(Audit(line.region).blocks_in_use(), 0);
}

// That somebody else is at it is an answer, and nothing has happened.
TEST(a_side_that_is_taken_is_busy_and_the_other_goes_on) {
  Line line(Small(4));
  PutItem(line.putter, line.queue, MakeItem(line.putter, 1, 1));
  line.block().putter.store(4000);
  Item item = MakeItem(line.putter, 2, 1);
  CHECK_EQ(PutItem(line.putter, line.queue, item), QueueOutcome::kBusy);
  uint64_t ring = line.putter.CreateRing(1024);
  CHECK_EQ(AddRing(line.region, line.putter.slot(), line.queue, ring, 2000), QueueOutcome::kBusy);
  line.putter.ReturnCell(ring);
  CHECK(!HasSpace(line.region, line.queue, 32));
  CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, line.queue)), 1);
  line.block().putter.store(0);
  CHECK_EQ(PutItem(line.putter, line.queue, item), QueueOutcome::kDone);
  line.block().getter.store(4000);
  CHECK_EQ(TakeItem(line.getter, line.queue).outcome, QueueOutcome::kBusy);
  CHECK(!HasItems(line.region, line.queue));
  CHECK_EQ(PutItem(line.putter, line.queue, MakeItem(line.putter, 3, 1)), QueueOutcome::kDone);
  CHECK(CountsMatchCells(line.region));
  line.block().getter.store(0);
  for (uint64_t number : {2u, 3u}) CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, line.queue)), number);
  line.Close();
}

TEST(a_ring_that_is_not_needed_after_all_is_not_added) {
  Line line(Small(2));
  uint64_t ring = line.putter.CreateRing(2048);
  const uint64_t block = line.putter.Block(ring);
  CHECK_EQ(AddRing(line.region, line.putter.slot(), line.queue, ring, 64), QueueOutcome::kDone);
  CHECK_EQ(line.putter.Block(ring), block);
  Fill(line, 0, 0);
  CHECK_EQ(AddRing(line.region, line.putter.slot(), line.queue, ring, 64), QueueOutcome::kFull);
  CHECK_EQ(line.putter.Block(ring), block);
  line.putter.ReturnCell(ring);
  line.Close();
}

TEST(an_item_longer_than_a_ring_takes_is_refused) {
  Line line(Small(4));
  Item item = MakeItem(line.putter, 1, 1);
  item.payload.resize(64);
  CHECK_EQ(PutItem(line.putter, line.queue, item), QueueOutcome::kBroken);
  CHECK_EQ(line.putter.Count(line.putter.Block(item.cells[0])), 1);
  Discard(line.putter, item.cells);
  PutItem(line.putter, line.queue, MakeItem(line.putter, 2, 0));
  CHECK_EQ(TakeItem(line.getter, line.queue, {.payload_room = 7}).outcome, QueueOutcome::kBroken);
  CHECK_EQ(OpenItem(line.getter, TakeItem(line.getter, line.queue)), 2);
  line.Close();
}

// A putter that was killed, or stopped, at each step of publishing: what is counted is never less than what others do with it.
TEST(nobody_takes_or_finishes_more_than_is_counted) {
  for (CrashPointId point : {CrashPointId::kQueuePutWritten, CrashPointId::kQueuePutCounted, CrashPointId::kQueuePutPublished}) {
    QueueShape shape = Small(4);
    shape.needs_done = true;
    Line line(shape);
    const SlotId id = line.family.Reserve(line.putter.id());
    Child child = ForkChild([&] {
      Member self(line.family, id);
      CHECK(self.Acquire(line.queue) != 0);
      ArmCrashPoint(static_cast<uint32_t>(point), 0);
      PutItem(self, line.queue, MakeItem(self, 1, 1));
    });
    CHECK_SIGNALED(child.Wait(), SIGKILL);
    const bool published = point == CrashPointId::kQueuePutPublished;
    Taken taken = TakeItem(line.getter, line.queue);
    CHECK_EQ(taken.outcome, published ? QueueOutcome::kDone : QueueOutcome::kEmpty);
    CHECK(Size(line.region, line.queue) <= 1);
    CHECK(!HasItems(line.region, line.queue));  // nothing to be had, so nobody is to try in vain
    if (published) {
      CHECK_EQ(Unfinished(line.region, line.queue), 1);
      OpenItem(line.getter, taken);
      CHECK(FinishItem(line.region, line.queue, line.getter.slot()));
      CHECK_EQ(Unfinished(line.region, line.queue), 0);
    }
    line.putter.reaper().ReapAll();
    CHECK_EQ(Size(line.region, line.queue), 0);
    CHECK_EQ(Unfinished(line.region, line.queue), 0);
    line.Close();
  }
}
