// channel: a producer takes a record back, as src/channel/unbegun-records.ts does, and is killed at each step of it.
// Whichever side the record belonged to at that instant, its references are released, once.
#include "accounting.h"
#include "channel/spsc_ring.h"
#include "shared/crash_point.h"
#include "support.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

constexpr uint32_t kReferences = 3;

// The steps, with a death after `cells_taken` of the cells; kReferences + 1 stands for none.
void TakeBack(Member& self, uint64_t ring_offset, uint32_t cells_taken) {
  const Region& region = self.region();
  Ring& ring = region.ring(ring_offset);
  uint32_t position = ring.begun.load();
  uint32_t bytes = static_cast<uint32_t>(RecordBytes(8, kReferences));
  ring.taken.store(position);
  ring.taking.store(1);
  CHECK(ring.begun.compare_exchange_strong(position, position + bytes));
  if (cells_taken == 0) CrashPoint(CrashPointId::kRingRecordTakenBack);
  for (uint32_t index = 0; index < kReferences; index++) {
    CHECK_OK(TakeReference(region, self.slot(), {ring_offset, position, index, true}, self.TakeCell()));
    if (cells_taken == index + 1) CrashPoint(CrashPointId::kRingRecordTakenBack);
  }
  ring.taking.store(0);
}

}  // namespace

TEST(a_producer_killed_while_it_takes_a_record_back_leaks_nothing) {
  for (uint32_t cells_taken = 0; cells_taken <= kReferences; cells_taken++) {
    Family family(64);
    Member consumer(family);
    uint64_t ring_cell = consumer.CreateRing(4096);
    uint64_t ring = consumer.Block(ring_cell);
    Child producer = ForkChild([&, id = family.Reserve(consumer.id())] {
      Member self(family, id);
      CHECK(self.Acquire(ring) != 0);
      std::vector<uint64_t> cells;
      for (uint32_t i = 0; i < kReferences; i++) cells.push_back(self.Allocate(1000));
      Message message;
      message.payload = {1};
      message.cells = cells;
      CHECK(Publish(self, ring, message));
      ArmCrashPoint(static_cast<uint32_t>(CrashPointId::kRingRecordTakenBack), 0);
      TakeBack(self, ring, cells_taken);
    });
    CHECK_SIGNALED(producer.Wait(), SIGKILL);
    // The consumer, which lost the race for the record, goes on behind it.
    consumer.region().ring(ring).head.store(consumer.region().ring(ring).begun.load());
    CHECK_EQ(consumer.reaper().ReapAll(), 1);
    consumer.ReturnCell(ring_cell);
    consumer.allocator().Trim();
    CHECK(NothingLeaked(family.region(), {consumer.slot()}, std::to_string(cells_taken) + " cells taken"));
  }
}

TEST(a_record_taken_back_whole_is_the_producers_again) {
  Family family(64);
  Member consumer(family);
  uint64_t ring_cell = consumer.CreateRing(4096);
  uint64_t ring = consumer.Block(ring_cell);
  std::vector<uint64_t> cells;
  for (uint32_t i = 0; i < kReferences; i++) cells.push_back(consumer.Allocate(1000));
  uint64_t block = consumer.Block(cells[0]);
  Message message;
  message.payload = {1};
  message.cells = cells;
  CHECK(Publish(consumer, ring, message));
  TakeBack(consumer, ring, kReferences + 1);
  consumer.region().ring(ring).head.store(consumer.region().ring(ring).begun.load());
  consumer.ReturnCell(ring_cell);
  CHECK_EQ(consumer.Count(block), 1);
  CHECK(CountsMatchCells(family.region()));
}
