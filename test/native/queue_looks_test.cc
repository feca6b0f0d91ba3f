// channel: what a queue looks like to others while one is in the middle of a put, and stays there: killed and not swept yet,
// as good as stopped. Nobody may be told that all is done, or over, and nobody may look for what cannot be taken for ever.
#include "accounting.h"
#include "channel/queue.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

uint64_t CreateQueue(Member& member) {
  const QueueShape shape{};
  const uint64_t cell = member.Allocate(kQueueBytes);
  const uint64_t ring = member.CreateRing(shape.first_ring_bytes);
  std::memset(member.region().At(member.Block(cell) + kBlockHeaderBytes), 0, kQueueBytes);
  InitializeQueue(member.region(), member.slot(), member.Block(cell), ring, shape);
  member.ReturnCell(ring);
  return member.Block(cell);
}

QueueOutcome PutNumber(Member& self, uint64_t queue) {
  const uint64_t number = 1;
  const OutgoingItem item{1, 8, reinterpret_cast<const uint8_t*>(&number), sizeof(number), nullptr, 0};
  return Put(self.region(), self.slot(), queue, item);
}

QueueOutcome TakeNumber(Member& self, uint64_t queue) {
  uint64_t number = 0;
  IncomingItem item;
  item.payload = reinterpret_cast<uint8_t*>(&number);
  item.payload_room = sizeof(number);
  return Take(self.region(), self.slot(), queue, item);
}

struct Stage {
  Family family{64};
  Member root{family};
  const Region& region = family.region();
  const uint64_t queue = CreateQueue(root);

  // One more member, which is killed at that step of a put, and nobody has swept it yet.
  void PutUntil(CrashPointId point) {
    Child putter = ForkChild([&, id = family.Reserve(root.id())] {
      Member self(family, id);
      CHECK(self.Acquire(queue) != 0);
      ArmCrashPoint(static_cast<uint32_t>(point), 0);
      PutNumber(self, queue);
    });
    CHECK_SIGNALED(putter.Wait(), SIGKILL);
  }
};

}  // namespace

TEST(an_item_that_was_taken_and_done_before_its_put_has_ended_hides_none_that_is_not_done) {
  Stage stage;
  CHECK_EQ(PutNumber(stage.root, stage.queue), QueueOutcome::kDone);
  CHECK_EQ(TakeNumber(stage.root, stage.queue), QueueOutcome::kDone);
  stage.PutUntil(CrashPointId::kQueuePutPublished);
  Member other(stage.family, stage.family.Reserve(stage.root.id()));
  CHECK_EQ(TakeNumber(other, stage.queue), QueueOutcome::kDone);
  FinishItems(stage.region, stage.queue, other.slot());
  CHECK_EQ(Unfinished(stage.region, stage.queue), 1);
  CHECK_EQ(Size(stage.region, stage.queue), 0);
  CHECK_EQ(stage.root.reaper().ReapAll(), 1);
  CHECK_EQ(Unfinished(stage.region, stage.queue), 1);
  FinishItems(stage.region, stage.queue, stage.root.slot());
  CHECK_EQ(Unfinished(stage.region, stage.queue), 0);
}

TEST(nobody_looks_for_ever_for_an_item_that_is_counted_and_not_published) {
  for (CrashPointId point : {CrashPointId::kQueuePutCounted, CrashPointId::kQueuePutPublished}) {
    Stage stage;
    stage.PutUntil(point);
    const bool is_published = point == CrashPointId::kQueuePutPublished;
    CHECK_EQ(HasItems(stage.region, stage.queue), is_published);
    CHECK_EQ(TakeNumber(stage.root, stage.queue), is_published ? QueueOutcome::kDone : QueueOutcome::kEmpty);
    CHECK(!HasItems(stage.region, stage.queue));
    CHECK_EQ(stage.root.reaper().ReapAll(), 1);
    CHECK_EQ(Size(stage.region, stage.queue), 0);
  }
}

TEST(a_closed_queue_is_not_over_while_a_put_is_under_way) {
  for (CrashPointId point : {CrashPointId::kQueuePutLogged, CrashPointId::kQueuePutPublished}) {
    Stage stage;
    stage.PutUntil(point);
    QueueAt(stage.region, stage.queue).closed.store(1);
    if (point == CrashPointId::kQueuePutPublished) {
      CHECK_EQ(TakeNumber(stage.root, stage.queue), QueueOutcome::kDone);
    }
    CHECK_EQ(TakeNumber(stage.root, stage.queue), QueueOutcome::kBusy);
    CHECK(!HasItems(stage.region, stage.queue));
    CHECK_EQ(stage.root.reaper().ReapAll(), 1);
    CHECK(HasItems(stage.region, stage.queue));
    CHECK_EQ(TakeNumber(stage.root, stage.queue), QueueOutcome::kClosed);
  }
}
