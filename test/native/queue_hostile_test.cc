// Nonsense in a queue: whatever another member writes into its words, its rings and its records, each operation answers,
// soon, and touches nothing that is not the queue's.
#include <sys/mman.h>

#include <random>

#include "queue_support.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

constexpr uint32_t kRingBytes = 1024;

// A queue, the rings in it, and blocks of others that nobody may touch.
struct Victim {
  explicit Victim(uint32_t max_rings = 4) : queue(self.Block(CreateQueue(self, Shape(max_rings)))) {
    for (uint64_t bytes : {100, 5000, 70'000, 700'000}) decoys.push_back(self.Block(self.Allocate(bytes)));
  }
  static QueueShape Shape(uint32_t max_rings) { return {.max_rings = max_rings, .first_ring_bytes = kRingBytes}; }
  Family family{64};
  Member self{family};
  const Region& region = family.region();
  uint64_t queue;
  std::vector<uint64_t> decoys;

  QueueBlock& block() { return QueueAt(region, queue); }
  uint64_t ring_offset(uint32_t number = 0) { return region.word(RingCellOffset(queue, number)).load(); }
  Ring& ring(uint32_t number = 0) { return region.ring(ring_offset(number)); }
  uint8_t* data() { return region.At(ring_offset() + kRingDataOffset); }
  void Put(uint64_t number, uint32_t references = 1) {
    REQUIRE(PutItem(self, queue, MakeItem(self, number, references)) == QueueOutcome::kDone);
  }
  void SetPositions(uint32_t head, uint32_t tail) {
    ring().head.store(head);
    ring().begun.store(head);
    ring().tail.store(tail);
  }
  void DecoysAreWhole() {
    for (uint64_t decoy : decoys) CHECK_EQ(self.Count(decoy), 1);
  }
};

// Everything that there is to do at a queue. What comes of it is not believed, only that it comes.
void UseAll(Victim& victim, uint64_t number) {
  Member& self = victim.self;
  Item item = MakeItem(self, number, number % 3);
  if (PutItem(self, victim.queue, item) != QueueOutcome::kDone) Discard(self, item.cells);
  for (int i = 0; i < 2; i++) Discard(self, TakeItem(self, victim.queue).cells);
  (void)HasItems(victim.region, victim.queue);
  (void)HasSpace(victim.region, victim.queue, 200);
  (void)Size(victim.region, victim.queue);
  (void)Lost(victim.region, victim.queue);
  (void)FinishItem(victim.region, victim.queue, self.slot());
  FinishItems(victim.region, victim.queue, self.slot());
}

uint64_t Nonsense(std::mt19937_64& random, const Region& region) {
  const ArenaHeader& arena = region.header();
  uint64_t bits = random();
  switch (random() % 7) {
    case 0: return bits % 64;
    case 1: return arena.data_offset + bits % (arena.span_count * kSpanBytes);
    case 2: return arena.data_offset + arena.span_count * kSpanBytes - bits % 64;
    case 3: return bits & 0x0003'0001'0000'001f;
    case 4: return 0xffff'0000'0000;
    case 5: return bits & 0x7fff'ffff'0000'0007;
    default: return bits;
  }
}

}  // namespace

TEST(positions_that_no_ring_has_are_refused) {
  for (uint32_t head : {0u, 8u, 1016u, 0xfffffff8u}) {
    for (uint32_t tail : {head + 1, head + 7, head + kRingBytes + 8, head + 0x80000000u, head - 8}) {
      Victim victim(1);
      victim.SetPositions(head, tail);
      CHECK_EQ(TakeItem(victim.self, victim.queue).outcome, QueueOutcome::kBroken);
      CHECK_EQ(PutItem(victim.self, victim.queue, MakeItem(victim.self, 1, 0)), QueueOutcome::kBroken);
      CHECK(HasSpace(victim.region, victim.queue, 64));  // there is an answer to be had
    }
  }
}

// At the end of a ring fewer bytes are left than a header has, at the end of the arena none.
TEST(a_head_between_two_records_is_refused_before_anything_is_read) {
  for (uint32_t head = kRingBytes - 7; head < kRingBytes; head++) {
    Victim victim(1);
    victim.SetPositions(head, head + 64);
    std::memset(victim.data(), 0xff, kRingBytes);
    CHECK_EQ(TakeItem(victim.self, victim.queue).outcome, QueueOutcome::kBroken);
    CHECK_EQ(victim.ring().head.load(), head);
  }
}

TEST(a_ring_of_nothing_but_skip_records_is_refused_at_once) {
  Victim victim(1);
  std::memset(victim.data(), 0xff, kRingBytes);
  victim.SetPositions(0, 0xfffffff8u);
  CHECK_EQ(TakeItem(victim.self, victim.queue).outcome, QueueOutcome::kBroken);
  CHECK(victim.ring().head.load() <= kRingBytes);
}

TEST(more_rings_than_a_queue_has_are_not_looked_for) {
  for (uint32_t read : {1u, 64u, 1000u, 0x80000000u}) {
    Victim victim;
    victim.block().written.store(read - 1);
    victim.block().read.store(read);
    CHECK_EQ(TakeItem(victim.self, victim.queue).outcome, QueueOutcome::kBroken);
    CHECK_EQ(victim.block().read.load(), read);
  }
}

TEST(a_ring_that_is_none_is_refused) {
  for (uint32_t capacity : {0u, 1u, 3u, 8u, 1u << 20, 1u << 31, 0xffffffffu, 4095u}) {
    Victim victim(1);
    victim.Put(1);
    victim.ring().capacity = capacity;
    CHECK_EQ(TakeItem(victim.self, victim.queue).outcome, QueueOutcome::kBroken);
    CHECK_EQ(PutItem(victim.self, victim.queue, MakeItem(victim.self, 2, 0)), QueueOutcome::kBroken);
  }
  for (int kind = 0; kind < 5; kind++) {
    Victim victim(1);
    if (kind == static_cast<int>(BlockKind::kRing)) continue;
    victim.ring().block.kind = static_cast<BlockKind>(kind);
    CHECK_EQ(TakeItem(victim.self, victim.queue).outcome, QueueOutcome::kBroken);
  }
  Victim victim;
  const uint64_t end = victim.region.header().data_offset + victim.region.header().span_count * kSpanBytes;
  for (uint64_t cell : std::initializer_list<uint64_t>{1, kSlotsOffset, victim.queue, victim.queue + 64, victim.decoys[0],
                                                       end, end - 64, ~0ull}) {
    victim.region.word(RingCellOffset(victim.queue, 0)).store(cell);
    CHECK_EQ(TakeItem(victim.self, victim.queue).outcome, QueueOutcome::kBroken);
    CHECK_EQ(PutItem(victim.self, victim.queue, MakeItem(victim.self, 2, 0)), QueueOutcome::kBroken);
  }
  victim.DecoysAreWhole();
}

TEST(records_that_claim_more_than_there_is_are_refused_and_stay) {
  for (const RecordHeader& lie : std::initializer_list<RecordHeader>{
           {0xffffffff, 1, 0, 1, 0}, {0xfffffff0, 1, 0xffff, 1, 0}, {1000, 1, 0, 1, 0}, {16, 1, 2, 1, 0},
           {8, 32, 1, 1, 0}, {16, 0xff, 1, 1, 0}, {16, 0xffff, 1, 1, 0}, {0, 1, 0xffff, 1, 0}}) {
    Victim victim(1);
    victim.Put(1);
    std::memcpy(victim.data(), &lie, sizeof(lie));
    CHECK_EQ(TakeItem(victim.self, victim.queue).outcome, QueueOutcome::kBroken);
    CHECK_EQ(victim.block().Of(victim.self.slot()).got.load(), 0);
    victim.DecoysAreWhole();
  }
}

// A record with references of which one is none: none of them is taken.
TEST(a_reference_to_no_block_is_refused_with_all_of_its_record) {
  Victim victim(1);
  victim.Put(1, 3);
  const uint64_t cells = victim.ring_offset() + kRingDataOffset + kRecordHeaderBytes + 4 * 8;
  const uint64_t first = victim.region.word(cells).load(), honest = victim.region.word(cells + 16).load();
  const uint64_t end = victim.region.header().data_offset + victim.region.header().span_count * kSpanBytes;
  for (uint64_t lie : std::initializer_list<uint64_t>{0, 1, kSlotsOffset, honest + 64, honest + 8, end, end - 64, ~0ull}) {
    victim.region.word(cells + 16).store(lie);
    uint8_t payload[64];
    uint64_t mine[3];
    for (uint64_t& cell : mine) cell = victim.self.TakeCell();
    IncomingItem item{.payload = payload, .payload_room = sizeof(payload), .cells = mine, .cell_room = 3};
    CHECK_EQ(Take(victim.region, victim.self.slot(), victim.queue, item), QueueOutcome::kBroken);
    for (uint64_t cell : mine) CHECK_EQ(victim.self.Block(cell), 0);
    CHECK_EQ(victim.self.Count(first), 1);
    Discard(victim.self, {mine, mine + 3});
  }
  victim.region.word(cells + 16).store(honest);
  CHECK_EQ(OpenItem(victim.self, TakeItem(victim.self, victim.queue)), 1);
  CHECK(CountsMatchCells(victim.region));
}

TEST(what_is_no_queue_is_not_taken_for_one) {
  Victim victim;
  CHECK(IsQueue(victim.region, victim.queue));
  const uint64_t end = victim.region.header().data_offset + victim.region.header().span_count * kSpanBytes;
  for (uint64_t offset : std::initializer_list<uint64_t>{0, kSlotsOffset, victim.queue + 8, victim.queue + 64,
                                                         victim.ring_offset(), victim.decoys[3], end, end - 64, ~0ull - 63}) {
    CHECK(!IsQueue(victim.region, offset));
  }
  // What somebody wrote into his own block reads as the header of one that would reach beyond the arena.
  const uint64_t fake = victim.decoys[0] + 64;
  const BlockHeader& header = victim.region.block(victim.queue);
  std::memcpy(victim.region.At(fake), &header, sizeof(header));
  CHECK(!IsQueue(victim.region, fake));
  victim.region.block(victim.queue).payload_bytes = kQueueBytes - 1;
  CHECK(!IsQueue(victim.region, victim.queue));
}

// The ring claims to be in flight in itself, and that it has one reference: whoever leaves it last must come to an end.
TEST(rings_and_queues_that_hold_each_other_are_given_up_without_end) {
  for (uint32_t references : {1u, 40u}) {
    for (bool of_queue : {true, false}) {
      Victim victim(1);
      Item item;
      for (uint32_t i = 0; i < references; i++) item.cells.push_back(victim.self.Allocate(10));
      REQUIRE(PutItem(victim.self, victim.queue, item) == QueueOutcome::kDone);
      const uint64_t cells = victim.ring_offset() + kRingDataOffset + kRecordHeaderBytes;
      for (uint32_t i = 0; i < references; i++) {
        victim.region.word(cells + i * 8).store(of_queue ? victim.queue : victim.ring_offset());
      }
      victim.self.ReturnCell(Region::LedgerCell(victim.self.slot(), 0));
      CHECK_EQ(victim.region.header().magic, kArenaMagic);
      victim.DecoysAreWhole();
    }
  }
}

// Each is in flight in the one before it, and all are given up with the first.
TEST(what_is_in_each_other_deeper_than_a_stack_is_is_given_up_without_overflow) {
  for (uint32_t depth : {1900u, 20'000u}) {
    Family family(128);
    Member self(family);
    uint64_t cell = self.CreateRing(64);
    for (uint32_t level = 1; level < depth; level++) {
      Message message;
      message.cells = {&cell, 1};
      const uint64_t outer = self.CreateRing(64);
      REQUIRE(Publish(self, self.Block(outer), message));
      cell = outer;
    }
    CHECK_EQ(Audit(family.region()).blocks_in_use(), depth);
    self.ReturnCell(cell);
    CHECK_EQ(Audit(family.region()).blocks_in_use() == 0, depth < 2000);
    CHECK_EQ(family.region().header().magic, kArenaMagic);
  }
}

TEST(a_length_that_somebody_wrote_is_not_allocated) {
  for (uint32_t bytes : {0u, 7u, 1u << 20, 1u << 24, 1u << 31, 0xffffffffu}) {
    Victim victim;
    while (HasSpace(victim.region, victim.queue, 64) && victim.block().written.load() == 0) victim.Put(1, 0);
    victim.block().first_ring_bytes = bytes;
    CHECK(NextRingBytes(victim.region, victim.queue) <= 16u << 20);
    const uint32_t written = victim.block().written.load();
    victim.block().written.store(written + 20);
    CHECK(NextRingBytes(victim.region, victim.queue) <= 16u << 20);
  }
}

TEST(random_words_in_a_queue_are_survived_and_harm_nobody) {
  for (uint64_t seed = 0; seed < 3000; seed++) {
    Victim victim(seed % 2 == 0 ? 1 : 4);
    std::mt19937_64 random(seed);
    for (uint64_t number = 0; number < seed % 12; number++) UseAll(victim, number);
    for (int round = 0; round < 20; round++) {
      for (uint64_t words = random() % 4; words > 0; words--) {
        constexpr uint64_t kWords = offsetof(QueueBlock, rooms) - offsetof(QueueBlock, kind);
        const uint64_t offset = offsetof(QueueBlock, kind) + random() % kWords;
        const uint64_t value = Nonsense(random, victim.region);
        std::memcpy(victim.region.At(victim.queue + (offset & ~3ull)), &value, 4);
      }
      // It may say that somebody else is at it, who is never done; that is not what is tested here.
      victim.block().putter.store(random() % 8 == 0 ? victim.self.slot() + 1 : 0);
      victim.block().getter.store(random() % 8 == 0 ? victim.self.slot() + 1 : 0);
      UseAll(victim, random() % 1000);
      (void)Unfinished(victim.region, victim.queue);
    }
    SweepQueueBlock(victim.region, victim.queue, victim.self.slot());
    victim.DecoysAreWhole();
    if (failures.load() > 0) return;
  }
}

TEST(random_bytes_in_the_rings_of_a_queue_are_survived_and_harm_nobody) {
  uint64_t refused = 0;
  for (uint64_t seed = 0; seed < 1500; seed++) {
    Victim victim(seed % 2 == 0 ? 1 : 4);
    std::mt19937_64 random(seed);
    const uint64_t ring = victim.ring_offset();
    for (int round = 0; round < 20; round++) {
      for (uint32_t at = 0; at < kRingBytes; at += 8) {
        const uint64_t value = Nonsense(random, victim.region);
        if (random() % 4 == 0) std::memcpy(victim.region.At(ring + kRingDataOffset + at), &value, 8);
      }
      uint32_t head = static_cast<uint32_t>(random());
      if (round % 4 != 0) head &= ~7u;
      Ring& words = victim.region.ring(ring);
      words.head.store(head);
      words.begun.store(random() % 4 == 0 ? static_cast<uint32_t>(random()) : head);
      words.tail.store(round % 3 == 0 ? static_cast<uint32_t>(random()) : head + (random() % 140) * 8);
      words.attaching.store(random() % 2);
      Taken taken = TakeItem(victim.self, victim.queue);
      if (taken.outcome == QueueOutcome::kBroken) refused++;
      Discard(victim.self, taken.cells);
      Item item = MakeItem(victim.self, seed, 1);
      if (PutItem(victim.self, victim.queue, item) != QueueOutcome::kDone) Discard(victim.self, item.cells);
      if (random() % 4 == 0) {
        victim.block().putter.store(victim.self.slot() + 1);
        victim.block().getter.store(victim.self.slot() + 1);
        victim.block().put_log.count.store(random() % 2);
        victim.block().get_log.count.store(random() % 2);
        SweepQueueBlock(victim.region, victim.queue, victim.self.slot());
      }
    }
    CHECK_EQ(victim.block().putter.load() + victim.block().getter.load(), 0u);
    if (failures.load() > 0) return;
  }
  CHECK(refused > 10'000);
}
