// channel/spsc_ring: records and references in order over every wrap-around, clean-up after deaths, hostile contents.
#include "channel/spsc_ring.h"

#include <random>
#include <thread>

#include "accounting.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

struct Pair {
  explicit Pair(uint32_t bytes = 4096) : ring_cell(producer.CreateRing(bytes)), ring(producer.Block(ring_cell)) {
    theirs = consumer.Acquire(ring);
  }
  Family family{64};
  Member producer{family};
  Member consumer{family, family.Reserve(producer.id())};
  const Region& region = family.region();
  uint64_t ring_cell, ring, theirs = 0;

  Ring& words() { return region.ring(ring); }
  uint8_t* data() { return region.At(ring + kRingDataOffset); }
  InFlight AtHead(uint32_t index) { return {ring, words().head.load(), index}; }
  void Send(std::vector<uint64_t> cells, std::vector<uint64_t> payload = {}) {
    Message message;
    message.payload = std::move(payload);
    message.cells = cells;
    REQUIRE(Publish(producer, ring, message));
  }
  void SetPositions(uint32_t position) {
    words().head.store(position);
    words().tail.store(position);
  }
};

}  // namespace

TEST(records_arrive_in_order_over_every_wrap_around) {
  for (uint32_t start : {0u, 0xfffff000u, 0xffffffe8u, 0x7ffffff0u, 8u, 4088u}) {
    Pair pair;
    pair.SetPositions(start);
    std::mt19937 random(start + 1);
    uint32_t sent = 0, received = 0;
    std::vector<std::vector<uint64_t>> expected;
    while (received < 5000) {
      std::vector<uint64_t> cells;
      Message message;
      for (uint32_t i = random() % 4; i > 0; i--) {
        cells.push_back(pair.producer.Allocate(50));
        message.payload.push_back(pair.producer.Block(cells.back()));
      }
      message.payload.resize(cells.size() + random() % 40, sent);
      message.spare_bytes = random() % 8;
      message.cells = cells;
      message.id = sent;
      if (random() % 3 != 0 && Publish(pair.producer, pair.ring, message)) {
        sent++;
        expected.push_back(message.payload);
        continue;
      }
      for (uint64_t cell : cells) pair.producer.ReturnCell(cell);
      std::optional<Received> record = PeekRecord(pair.region, pair.ring);
      if (!record) continue;
      CHECK_EQ(record->header.id, received);
      CHECK(record->payload == expected[received]);
      for (uint32_t i = 0; i < record->header.cells; i++) {
        os::Result<uint64_t> block = PeekReference(pair.region, pair.AtHead(i));
        if (CHECK_OK(block)) CHECK_EQ(block.value(), record->payload[i]);
        uint64_t cell = pair.consumer.TakeCell();
        if (i % 2 == 0) {
          CHECK_OK(DropReference(pair.region, pair.consumer.slot(), pair.AtHead(i)));
        } else {
          CHECK_OK(TakeReference(pair.region, pair.consumer.slot(), pair.AtHead(i), cell));
        }
        pair.consumer.ReturnCell(cell);
      }
      AdvanceHead(pair.region, pair.ring, *record);
      received++;
    }
    CHECK(CountsMatchCells(pair.region, "start " + std::to_string(start)));
  }
}

// Records are multiples of 8 bytes, headers are 16: a rest of 8 has room for half a header, which must do.
TEST(a_rest_of_eight_bytes_at_the_end_is_skipped) {
  Pair pair(256);
  pair.SetPositions(256 - 8);
  uint64_t cell = pair.producer.Allocate(50);
  pair.Send({cell}, {1, 2, 3});
  CHECK(CountsMatchCells(pair.region));
  // Not yet passed over by the consumer, the skip record is the first of those in flight.
  pair.producer.ReturnCell(pair.ring_cell);
  pair.consumer.ReturnCell(pair.theirs);
  CHECK_EQ(Audit(pair.region).blocks_in_use(), 0);
}

TEST(references_change_hands_and_their_counts_do_not_change) {
  Pair pair;
  uint64_t cell = pair.producer.Allocate(1000);
  uint64_t block = pair.producer.Block(cell);
  pair.Send({cell});
  CHECK_EQ(pair.producer.Block(cell), 0);
  CHECK_EQ(pair.producer.Count(block), 1);
  CHECK(CountsMatchCells(pair.region));
  uint64_t to = pair.consumer.TakeCell();
  CHECK_OK(TakeReference(pair.region, pair.consumer.slot(), pair.AtHead(0), to));
  CHECK_EQ(pair.consumer.Block(to), block);
  CHECK_ERRNO(TakeReference(pair.region, pair.consumer.slot(), pair.AtHead(0), pair.consumer.TakeCell()), EPROTO);
  CHECK_ERRNO(PeekReference(pair.region, pair.AtHead(0)), EPROTO);
  CHECK_ERRNO(DropReference(pair.region, pair.consumer.slot(), pair.AtHead(0)), EPROTO);
  CHECK_ERRNO(PeekReference(pair.region, pair.AtHead(1)), EPROTO);
  CHECK(CountsMatchCells(pair.region));
}

TEST(a_record_behind_the_head_may_be_taken_back_by_its_producer) {
  Pair pair;
  std::vector<uint32_t> positions;
  for (int i = 0; i < 3; i++) {
    positions.push_back(pair.words().tail.load());
    pair.Send({pair.producer.Allocate(100)});
  }
  for (uint32_t position : positions) {
    CHECK_OK(TakeReference(pair.region, pair.producer.slot(), {pair.ring, position, 0}, pair.producer.TakeCell()));
  }
  CHECK(CountsMatchCells(pair.region));
  for (uint32_t outside : {pair.words().tail.load(), positions[0] - 24, positions[0] + 1000}) {
    CHECK_ERRNO(PeekReference(pair.region, {pair.ring, outside, 0}), EPROTO);
  }
}

TEST(attaching_refuses_a_record_that_is_not_there) {
  Pair pair(256);
  uint64_t cell = pair.producer.Allocate(100);
  uint64_t block = pair.producer.Block(cell);
  auto attach = [&](uint32_t position, uint32_t count) {
    std::vector<uint64_t> cells(count, cell);
    return AttachReferences(pair.region, pair.producer.slot(), {pair.ring, position, cells.data(), count});
  };
  RecordHeader header{8, 1, 1, 0, 0};
  std::memcpy(pair.data(), &header, sizeof(header));
  CHECK_ERRNO(attach(0, 2), EPROTO);      // another number of cells
  CHECK_ERRNO(attach(240, 1), EPROTO);    // an empty place
  CHECK_ERRNO(attach(4, 1), EPROTO);
  header.payload_bytes = 1000;
  std::memcpy(pair.data(), &header, sizeof(header));
  CHECK_ERRNO(attach(0, 1), EPROTO);      // longer than the ring
  header = {8, 1, 1, 0, 0};
  std::memcpy(pair.data(), &header, sizeof(header));
  pair.words().head.store(0u - 300u);  // a consumer that claims to be far behind
  CHECK_ERRNO(attach(0, 1), EPROTO);
  pair.words().head.store(0);
  CHECK_EQ(pair.producer.Block(cell), block);
  CHECK(CountsMatchCells(pair.region));
  CHECK_OK(attach(0, 1));
  CHECK(CountsMatchCells(pair.region));
}

TEST(a_ring_is_cleared_by_the_last_to_leave_it) {
  for (bool producer_first : {true, false}) {
    Pair pair;
    for (int i = 0; i < 3; i++) pair.Send({pair.producer.Allocate(100), pair.producer.Allocate(700'000)});
    producer_first ? pair.producer.ReturnCell(pair.ring_cell) : pair.consumer.ReturnCell(pair.theirs);
    CHECK(CountsMatchCells(pair.region));
    CHECK_EQ(Audit(pair.region).blocks_in_use(), 7);
    producer_first ? pair.consumer.ReturnCell(pair.theirs) : pair.producer.ReturnCell(pair.ring_cell);
    CHECK_EQ(Audit(pair.region).blocks_in_use(), 0);
    CHECK(CountsMatchCells(pair.region));
  }
}

TEST(a_consumer_reads_what_was_sent_by_a_producer_that_left) {
  Pair pair;
  uint64_t cell = pair.producer.Allocate(100);
  uint64_t block = pair.producer.Block(cell);
  pair.Send({cell});
  pair.producer.ReturnCell(pair.ring_cell);
  uint64_t to = pair.consumer.TakeCell();
  CHECK_OK(TakeReference(pair.region, pair.consumer.slot(), pair.AtHead(0), to));
  CHECK_EQ(pair.consumer.Block(to), block);
  CHECK_EQ(pair.producer.Count(block), 1);
}

// Whoever made a ring for two others, or passed its handle on, takes nothing from them by leaving.
TEST(a_third_holder_that_leaves_takes_nothing_in_flight_away) {
  Pair pair;
  Member third(pair.family, pair.family.Reserve(pair.producer.id()));
  uint64_t handle = third.Acquire(pair.ring);
  uint64_t cell = pair.producer.Allocate(100);
  uint64_t block = pair.producer.Block(cell);
  pair.Send({cell});
  third.ReturnCell(handle);
  pair.producer.ReturnCell(pair.ring_cell);
  CHECK_EQ(pair.producer.Count(block), 1);
  CHECK(CountsMatchCells(pair.region));
  uint64_t to = pair.consumer.TakeCell();
  CHECK_OK(TakeReference(pair.region, pair.consumer.slot(), pair.AtHead(0), to));
  pair.consumer.ReturnCell(to);
  pair.consumer.ReturnCell(pair.theirs);
  CHECK_EQ(Audit(pair.region).blocks_in_use(), 0);
}

TEST(one_holder_with_two_references_to_a_ring_is_still_one_of_two) {
  Pair pair;
  uint64_t again = pair.producer.Acquire(pair.ring);
  pair.Send({pair.producer.Allocate(100)});
  pair.producer.ReturnCell(again);
  pair.producer.ReturnCell(pair.ring_cell);
  CHECK_EQ(Audit(pair.region).blocks_in_use(), 2);
  CHECK(CountsMatchCells(pair.region));
  pair.consumer.reaper().Retire();
  CHECK_EQ(Audit(pair.region).blocks_in_use(), 0);
}

// A pipe sent through a pipe: the inner ring's last reference is itself in flight.
TEST(a_ring_in_flight_in_another_is_cleared_with_it) {
  Pair pair;
  uint64_t inner = pair.producer.CreateRing(1024);
  Message message;
  std::vector<uint64_t> cells{pair.producer.Allocate(100)};
  message.cells = cells;
  REQUIRE(Publish(pair.producer, pair.producer.Block(inner), message));
  pair.Send({inner});
  CHECK_EQ(Audit(pair.region).blocks_in_use(), 3);
  pair.producer.ReturnCell(pair.ring_cell);
  pair.consumer.ReturnCell(pair.theirs);
  CHECK_EQ(Audit(pair.region).blocks_in_use(), 0);
  CHECK(CountsMatchCells(pair.region));
}

// The member that started both is killed, and its workers with it: nobody survives to clear their rings.
TEST(a_ring_whose_both_ends_are_killed_is_cleared_by_the_reaper) {
  for (int order = 0; order < 2; order++) {
    Family family(64);
    Member root(family);
    SlotId one = family.Reserve(root.id()), two = family.Reserve(root.id());
    SharedWords words(2);
    Child producer = ForkChild([&] {
      Member self(family, one);
      uint64_t ring = self.CreateRing(4096);
      words[0].store(self.Block(ring));
      while (words[1].load() == 0) usleep(500);
      for (int i = 0; i < 5; i++) {
        std::vector<uint64_t> cells{self.Allocate(100), self.Allocate(700'000)};
        Message message;
        message.cells = cells;
        CHECK(Publish(self, words[0].load(), message));
      }
      ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kRingCellAttached), 1);
      std::vector<uint64_t> cells{self.Allocate(100), self.Allocate(100), self.Allocate(100)};
      Message message;
      message.cells = cells;
      Publish(self, words[0].load(), message);
    });
    Child consumer = ForkChild([&] {
      Member self(family, two);
      while (words[0].load() == 0) usleep(500);
      CHECK(self.Acquire(words[0].load()) != 0);
      words[1].store(1);
      for (;;) pause();
    });
    CHECK_SIGNALED(producer.Wait(), SIGKILL);
    consumer.Kill(SIGKILL);
    consumer.Wait();
    CHECK_EQ(root.reaper().Reap(order == 0 ? one.index : two.index), ReapOutcome::kReaped);
    CHECK(CountsMatchCells(family.region()));
    CHECK_EQ(root.reaper().Reap(order == 0 ? two.index : one.index), ReapOutcome::kReaped);
    root.allocator().Trim();
    CHECK(NothingLeaked(family.region(), {root.slot()}));
  }
}

// What an earlier lap or a payload left in the bytes of a ring is no reference, wherever its producer dies.
TEST(old_bytes_where_a_producer_died_are_not_taken_for_references) {
  for (CrashPointId point : {CrashPointId::kRingRecordReserved, CrashPointId::kRingCellAttached,
                             CrashPointId::kRingTailPublished}) {
    Pair pair;
    uint64_t decoy = pair.producer.Block(pair.producer.Allocate(100));
    // A record with four cells at each place, as far as the next two records reach.
    for (uint32_t at = 0; at < 256; at += 8) pair.region.word(pair.ring + kRingDataOffset + at).store(decoy);
    RecordHeader header{0, 1, 4, 0, 0};
    std::memcpy(pair.data() + 48, &header, sizeof(header));
    SlotId id = pair.family.Reserve(pair.producer.id());
    Child child = ForkChild([&] {
      Member self(pair.family, id);
      CHECK(self.Acquire(pair.ring) != 0);
      std::vector<uint64_t> cells{self.Allocate(50), self.Allocate(50)};
      Message message;
      message.payload = {1, 2};
      message.cells = cells;
      ArmCrashPoint(static_cast<uint32_t>(point), 0);
      Publish(self, pair.ring, message);
    });
    CHECK_SIGNALED(child.Wait(), SIGKILL);
    CHECK_EQ(pair.producer.reaper().ReapAll(), 1);
    CHECK(CountsMatchCells(pair.region, "point " + std::to_string(static_cast<int>(point))));
    pair.producer.ReturnCell(pair.ring_cell);
    pair.consumer.ReturnCell(pair.theirs);
    CHECK_EQ(pair.producer.Count(decoy), 1);
    CHECK_EQ(Audit(pair.region).blocks_in_use(), 1);
  }
}

// The allocator's caller dies between taking the block and making a ring of it. What lay there is no ring.
TEST(a_ring_that_never_became_one_is_not_read) {
  Pair pair;
  uint64_t decoy = pair.consumer.Allocate(100);
  uint64_t size = kRingDataOffset - kBlockHeaderBytes + 1024;
  uint64_t slab = pair.producer.Allocate(size);
  uint64_t block = pair.producer.Block(slab);
  // Payload of the block's last life that would read as a ring with a reference to the decoy in flight.
  Ring& fake = pair.region.ring(block);
  InitializeRing(pair.region, block, 1024);
  RecordHeader header{0, 1, 1, 0, 0};
  std::memcpy(pair.region.At(block + kRingDataOffset), &header, sizeof(header));
  pair.region.word(block + kRingDataOffset + 16).store(pair.consumer.Block(decoy));
  fake.tail.store(24);
  fake.block.kind = BlockKind::kSlab;
  pair.producer.ReturnCell(slab);
  uint64_t cell = 0;
  do {
    cell = pair.producer.Allocate(size, BlockKind::kRing);
  } while (pair.producer.Block(cell) != block);
  pair.producer.reaper().Retire();
  CHECK_EQ(Audit(pair.region).blocks_in_use(), 2);  // the decoy and the pair's ring, which the consumer holds
  CHECK(CountsMatchCells(pair.region));
}

// Killed right after its count became one, a block still bears the marks of its last life, which was a ring.
TEST(a_block_that_was_a_ring_in_its_last_life_is_not_read_as_one) {
  Pair pair;
  uint64_t decoy = pair.producer.Block(pair.producer.Allocate(100));
  SlotId id = pair.family.Reserve(pair.producer.id());
  Child child = ForkChild([&] {
    Member self(pair.family, id);
    uint64_t cell = self.CreateRing(1024);
    uint64_t block = self.Block(cell);
    std::vector<uint64_t> cells{self.Allocate(50)};
    Message message;
    message.cells = cells;
    CHECK(Publish(self, block, message));
    ReleaseReference(pair.region, self.slot(), cell);
    pair.region.word(block + kRingDataOffset + kRecordHeaderBytes).store(decoy);
    ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kReferenceCountChanged), 0);
    AllocateBlock(pair.region, self.slot(), block, cell);
  });
  CHECK_SIGNALED(child.Wait(), SIGKILL);
  CHECK_EQ(pair.producer.reaper().ReapAll(), 1);
  CHECK_EQ(pair.producer.Count(decoy), 1);
  CHECK(CountsMatchCells(pair.region));
}

TEST(random_bytes_in_a_ring_are_refused_and_harm_nobody) {
  Pair pair(1024);
  std::vector<uint64_t> decoys;
  for (uint64_t bytes : {100, 5000, 70'000, 700'000, 3'000'000}) decoys.push_back(pair.producer.Allocate(bytes));
  std::mt19937_64 random(7);
  const ArenaHeader& arena = pair.region.header();
  uint64_t refused = 0;
  for (int round = 0; round < 60'000; round++) {
    for (uint32_t at = 0; at < 1024; at += 8) {
      uint64_t bits = random();
      switch (random() % 6) {
        case 0: bits %= 64; break;
        case 1: bits = arena.data_offset + bits % (arena.span_count * kSpanBytes); break;
        case 2: bits = arena.data_offset + arena.span_count * kSpanBytes - bits % 64; break;
        case 3: bits &= 0x0003'0001'0000'001f; break;
        case 4: bits = 0xffff'0000'0000; break;
        default: break;
      }
      std::memcpy(pair.data() + at, &bits, 8);
    }
    uint32_t head = static_cast<uint32_t>(random());
    if (round % 2 == 0) head &= ~7u;
    pair.words().head.store(head);
    pair.words().tail.store(round % 3 == 0 ? static_cast<uint32_t>(random()) : head + random() % 1100);
    for (uint32_t index : {0u, 1u, 2u, static_cast<uint32_t>(random())}) {
      uint64_t cell = pair.consumer.TakeCell();
      InFlight reference{pair.ring, random() % 4 == 0 ? head + static_cast<uint32_t>(random() % 1024) : head, index};
      os::Result<uint64_t> block = PeekReference(pair.region, reference);
      if (block) CHECK(pair.region.InData(block.value()) && block.value() % kCacheLine == 0);
      if (!block) {
        CHECK_EQ(block.error().number, EPROTO);
        CHECK_ERRNO(TakeReference(pair.region, pair.consumer.slot(), reference, cell), EPROTO);
        CHECK_ERRNO(DropReference(pair.region, pair.consumer.slot(), reference), EPROTO);
        refused++;
      }
      pair.consumer.ReturnCell(cell);
    }
    uint64_t none[4] = {};
    (void)AttachReferences(pair.region, pair.producer.slot(),
                           {pair.ring, pair.words().tail.load(), none, static_cast<uint32_t>(random() % 4)}).ok();
  }
  CHECK(refused > 100'000);
  for (uint64_t cell : decoys) CHECK_EQ(pair.producer.Count(pair.producer.Block(cell)), 1);
  pair.SetPositions(0);
  pair.words().attaching.store(0);
  CHECK(CountsMatchCells(pair.region));
}

TEST(closing_a_ring_full_of_random_bytes_ends_and_harms_nobody) {
  for (uint64_t seed = 1; seed <= 300; seed++) {
    Pair pair(1024);
    uint64_t decoy = pair.producer.Allocate(5000);
    std::mt19937_64 random(seed);
    for (uint32_t at = 0; at < 1024; at += 8) {
      uint64_t bits = random() % 3 == 0 ? random() : 0;
      std::memcpy(pair.data() + at, &bits, 8);
    }
    pair.words().head.store(static_cast<uint32_t>(random()));
    pair.words().tail.store(static_cast<uint32_t>(random()));
    pair.words().reserved.store(static_cast<uint32_t>(random()));
    pair.words().attaching.store(1);
    pair.producer.ReturnCell(pair.ring_cell);
    pair.consumer.ReturnCell(pair.theirs);
    CHECK_EQ(pair.producer.Count(pair.producer.Block(decoy)), 1);
    CHECK(CountsMatchCells(pair.region));
  }
}

TEST(a_ring_with_a_false_capacity_is_refused) {
  for (uint32_t capacity : {0u, 1u, 3u, 8u, 1u << 20, 1u << 31, 0xffffffffu, 4095u}) {
    Pair pair;
    uint64_t cell = pair.producer.Allocate(100);
    pair.Send({cell});
    pair.words().capacity = capacity;
    for (uint32_t position : {0u, 1024u, 0x40000000u, 0x7ffffff8u, 0xfffffff8u}) {
      pair.words().head.store(position);
      pair.words().tail.store(position + 24);
      CHECK_ERRNO(PeekReference(pair.region, pair.AtHead(0)), EPROTO);
      CHECK_ERRNO(AttachReferences(pair.region, pair.producer.slot(), {pair.ring, position + 24, &cell, 1}), EPROTO);
    }
    pair.producer.ReturnCell(pair.ring_cell);
    pair.consumer.ReturnCell(pair.theirs);
  }
}

// A reference must name a block: its start, in use, and no longer than its place.
TEST(a_cell_in_flight_that_names_no_block_is_refused) {
  Pair pair;
  uint64_t cell = pair.producer.Allocate(5000), run = pair.producer.Allocate(3'000'000);
  uint64_t freed = pair.producer.Allocate(5000);
  uint64_t block = pair.producer.Block(cell), large = pair.producer.Block(run), gone = pair.producer.Block(freed);
  pair.producer.ReturnCell(freed);
  pair.Send({pair.producer.Allocate(10)});
  std::atomic<uint64_t>& in_flight = pair.region.word(pair.ring + kRingDataOffset + 16);
  uint64_t honest = in_flight.load();
  const ArenaHeader& arena = pair.region.header();
  uint64_t end = arena.data_offset + arena.span_count * kSpanBytes;
  for (uint64_t false_name : std::initializer_list<uint64_t>{
           1, kSlotsOffset, block + 8, block + 64, large + 64, large + kSpanBytes, gone, end, end - 8, end - kSpanBytes,
           ~0ull}) {
    in_flight.store(false_name);
    CHECK_ERRNO(PeekReference(pair.region, pair.AtHead(0)), EPROTO);
    CHECK_ERRNO(DropReference(pair.region, pair.consumer.slot(), pair.AtHead(0)), EPROTO);
  }
  pair.region.block(block).payload_bytes = 1ull << 40;
  in_flight.store(block);
  CHECK_ERRNO(PeekReference(pair.region, pair.AtHead(0)), EPROTO);
  pair.region.block(block).payload_bytes = 5000;
  CHECK_OK(PeekReference(pair.region, pair.AtHead(0)));
  // Nor does the last to leave believe it: inside the block lies what would read as a count of five.
  uint64_t data = CountWord{5, 0, 1}.Pack();
  pair.region.word(block + 64).store(data);
  in_flight.store(block + 64);
  ReleaseReference(pair.region, pair.producer.slot(), pair.ring_cell);
  ReleaseReference(pair.region, pair.consumer.slot(), pair.theirs);
  CHECK_EQ(pair.region.word(block + 64).load(), data);
  // What the false name displaced cannot be found again; everything else is as it was.
  uint64_t displaced = pair.producer.TakeCell();
  pair.region.word(displaced).store(honest);
  CHECK(CountsMatchCells(pair.region));
}
