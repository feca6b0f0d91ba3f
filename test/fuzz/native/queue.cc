// A queue into whose words, rings and records another member writes between one operation and the next.
#include "arena.h"

namespace forkyard::fuzz {
namespace {

constexpr uint32_t kDecoys = 3, kSpareRings = 3;
constexpr uint32_t kMostSteps = 64;
// All words of a queue between its rings and its rooms.
constexpr uint64_t kWords = offsetof(QueueBlock, rooms) - offsetof(QueueBlock, kind);

struct QueueArena : Arena {
  QueueArena() {
    queue_cell = Allocate(kQueueBytes, BlockKind::kSlab);
    queue = Block(queue_cell);
    std::memset(region.At(queue + kBlockHeaderBytes), 0, kQueueBytes);
    const uint64_t first = CreateRing();
    ring = Block(first);
    InitializeQueue(region, kSelf, queue, first,
                    {.kind = 1, .max_items = 0, .max_rings = 3, .first_ring_bytes = kRingCapacity, .needs_done = false});
    for (uint64_t& cell : decoys) cell = Allocate(100, BlockKind::kSlab);
    for (uint64_t& cell : spare_rings) cell = CreateRing();
    for (uint32_t i = 0; i < 8; i++) empty_cells[i] = Region::LedgerCell(kSelf, kCells - 1 - i);
    MUST(AcquireReference(region, kOther, queue, Region::LedgerCell(kOther, 0)));
    Keep();
  }
  uint64_t queue_cell, queue, ring;
  uint64_t decoys[kDecoys], spare_rings[kSpareRings], empty_cells[8];
};

class Run {
 public:
  Run(QueueArena& arena, Bytes bytes) : arena_(arena), region_(arena.region), bytes_(bytes) {}

  void Steps() {
    for (uint32_t step = 0; step < kMostSteps && !bytes_.empty() && !is_gone_; step++) Step();
    if (!is_gone_) Leave();
    MUST(region_.header().magic == kArenaMagic);
  }

 private:
  void Step() {
    switch (bytes_.Byte() % 12) {
      case 0: return Put();
      case 1: return Take();
      case 2: return WriteWord(arena_.queue + offsetof(QueueBlock, kind), kWords);
      case 3: return WriteWord(AnyRing(), kRingDataOffset);
      case 4: return WriteRecords();
      case 5: return region_.word(RingCellOffset(arena_.queue, bytes_.Byte())).store(arena_.Claim(bytes_));
      case 6: return AddRing();
      case 7: return Sweep();
      case 8: return Look();
      case 9: return WriteWord(RoomOffset(arena_.queue, bytes_.Byte() % kQueueRooms), sizeof(SyncBlock));
      case 10: return WriteSlot();
      default: return WriteLock();
    }
  }

  void Put() {
    uint8_t payload[64] = {};
    const uint8_t shape = bytes_.Byte();
    const uint64_t cell = arena_.decoys[shape % kDecoys];
    const uint32_t cell_count = shape % 4 == 3 && arena_.Block(cell) != 0 ? 1 : 0;
    const OutgoingItem item{bytes_.Byte(), bytes_.Byte(), payload, shape % 65u, &cell, cell_count};
    (void)forkyard::Put(region_, kSelf, arena_.queue, item);
  }

  void Take() {
    uint8_t payload[96];
    const uint8_t how = bytes_.Byte();
    IncomingItem item;
    item.types = how % 4 == 0 ? bytes_.Take<uint32_t>() : ~0u;
    item.max_length = how % 8 == 1 ? bytes_.Byte() : ~0u;
    item.payload = payload;
    item.payload_room = how % 2 == 0 ? sizeof(payload) : how % sizeof(payload);
    // Whatever was taken before is given up now.
    for (uint64_t cell : arena_.empty_cells) ReleaseReference(region_, kSelf, cell);
    item.cells = arena_.empty_cells;
    item.cell_room = how % 9;
    const QueueOutcome outcome = forkyard::Take(region_, kSelf, arena_.queue, item);
    if (outcome != QueueOutcome::kDone) return;
    MUST(item.payload_bytes <= item.payload_room && item.cell_count <= item.cell_room);
    for (uint32_t index = 0; index < item.cell_count; index++) MUST(IsBlockInUse(region_, arena_.Block(item.cells[index])));
  }

  uint64_t AnyRing() {
    const uint8_t which = bytes_.Byte() % (kSpareRings + 1);
    return which == 0 ? arena_.ring : arena_.blocks[arena_.blocks.size() - which];
  }

  void WriteWord(uint64_t start, uint64_t within) {
    const uint64_t offset = bytes_.Take<uint16_t>() % within & ~3ull;
    const uint32_t word = bytes_.Take<uint32_t>();
    std::memcpy(region_.At(start + offset), &word, sizeof(word));
  }

  void WriteRecords() {
    const uint64_t data = AnyRing() + kRingDataOffset;
    const uint32_t at = bytes_.Take<uint16_t>() % (kRingCapacity / 8) * 8;
    if (bytes_.Byte() % 4 == 0) return region_.word(data + at).store(arena_.Claim(bytes_));
    const std::span<const uint8_t> some = bytes_.TakeSome(1 + bytes_.Byte() % 32);
    if (at + some.size() <= kRingCapacity && !some.empty()) std::memcpy(region_.At(data + at), some.data(), some.size());
  }

  void AddRing() {
    const uint64_t cell = arena_.spare_rings[bytes_.Byte() % kSpareRings];
    MUST(NextRingBytes(region_, arena_.queue) <= 16u << 20);
    if (arena_.Block(cell) != 0) (void)forkyard::AddRing(region_, kSelf, arena_.queue, cell, bytes_.Byte());
  }

  void Sweep() {
    const uint8_t which = bytes_.Byte();
    SweepBlock(region_, arena_.queue, which % 2 == 0 ? kSelf : kOther);
  }

  void Look() {
    (void)HasItems(region_, arena_.queue);
    (void)HasSpace(region_, arena_.queue, bytes_.Byte());
    (void)Size(region_, arena_.queue);
    (void)Unfinished(region_, arena_.queue);
    (void)Lost(region_, arena_.queue);
    FinishItems(region_, arena_.queue, kSelf);
    (void)FinishItem(region_, arena_.queue, kSelf);
    MUST(IsQueue(region_, arena_.queue) || region_.block(arena_.queue).payload_bytes < kQueueBytes ||
         region_.block(arena_.queue).kind != BlockKind::kQueue || !IsBlockInUse(region_, arena_.queue));
  }

  void WriteSlot() {
    QueueSlot& slot = QueueAt(region_, arena_.queue).Of(bytes_.Byte() % 2);
    slot.got.store(bytes_.Byte());
    slot.done.store(bytes_.Byte());
  }

  void WriteLock() {
    QueueBlock& block = QueueAt(region_, arena_.queue);
    const uint8_t who = bytes_.Byte();
    (who % 2 == 0 ? block.putter : block.getter).store(who / 2 % 3);
  }

  void Leave() {
    ReleaseReference(region_, kOther, Region::LedgerCell(kOther, 0));
    ReleaseReference(region_, kSelf, arena_.queue_cell);
    is_gone_ = true;
  }

  QueueArena& arena_;
  const Region& region_;
  Bytes bytes_;
  bool is_gone_ = false;
};

}  // namespace
}  // namespace forkyard::fuzz

FUZZ_TARGET(queue) {
  static forkyard::fuzz::QueueArena arena;
  arena.PutBack();
  forkyard::fuzz::Run(arena, forkyard::fuzz::Bytes(bytes)).Steps();
}
