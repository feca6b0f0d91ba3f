// A ring with records that its other side wrote: what refers to blocks is looked at, taken, dropped and attached.
#include "arena.h"

namespace forkyard::fuzz {
namespace {

struct RingArena : Arena {
  RingArena() {
    ring_cell = CreateRing();
    ring = Block(ring_cell);
    inner = Block(CreateRing());
    decoy_cell = Allocate(100, BlockKind::kSlab);
    empty_cell = Region::LedgerCell(kSelf, kCells - 1);
    Keep();
  }
  uint64_t ring_cell, ring, inner, decoy_cell, empty_cell;
};

// A position beside head or tail, or anywhere.
uint32_t Position(const Ring& ring, Bytes& bytes) {
  const uint8_t where = bytes.Byte();
  if (where == 255) return bytes.Take<uint32_t>();
  return (where % 2 == 0 ? ring.head.load() : ring.tail.load()) + where / 2 * 8u;
}

void WriteRecord(RingArena& arena, uint64_t ring_offset, Bytes& bytes) {
  const uint32_t at = bytes.Byte() * 8u;
  uint8_t* place = arena.region.At(ring_offset + kRingDataOffset + at);
  if (at + kRecordHeaderBytes + 16 > kRingCapacity) return;
  const RecordHeader header{bytes.Take<uint16_t>(), bytes.Byte(), bytes.Byte(), 0, 0};
  std::memcpy(place, &header, sizeof(header));
  const uint64_t first = arena.Claim(bytes), second = arena.Claim(bytes);
  std::memcpy(place + sizeof(header), &first, sizeof(first));
  std::memcpy(place + sizeof(header) + sizeof(first), &second, sizeof(second));
}

void Step(RingArena& arena, Bytes& bytes) {
  const Region& region = arena.region;
  Ring& ring = region.ring(arena.ring);
  const InFlight in_flight{arena.ring, Position(ring, bytes), bytes.Byte() % 8u, bytes.Byte() % 4 == 0};
  switch (bytes.Byte() % 8) {
    case 0: {
      os::Result<uint64_t> block = PeekReference(region, in_flight);
      if (block) MUST(IsBlockInUse(region, block.value()));
      return;
    }
    case 1:
      ReleaseReference(region, kSelf, arena.empty_cell);
      (void)TakeReference(region, kSelf, in_flight, arena.empty_cell).ok();
      return;
    case 2: return (void)DropReference(region, kSelf, in_flight).ok();
    case 3: {
      if (arena.Block(arena.decoy_cell) == 0) return;
      (void)AttachReferences(region, kSelf, {arena.ring, in_flight.position, &arena.decoy_cell, in_flight.index % 2}).ok();
      return;
    }
    case 4: return WriteRecord(arena, arena.ring, bytes);
    case 5: return WriteRecord(arena, arena.inner, bytes);
    case 6: {
      const uint32_t word = bytes.Take<uint32_t>();
      std::memcpy(region.At((in_flight.taken_back ? arena.inner : arena.ring) + bytes.Byte() % kRingDataOffset / 4 * 4), &word, 4);
      return;
    }
    default: {
      os::Result<Record> record = ReadRecord(region, arena.ring, in_flight.position, bytes.Take<uint16_t>());
      if (!record) return;
      const uint64_t end = arena.ring + kRingDataOffset + kRingCapacity;
      MUST(record.value().offset >= arena.ring + kRingDataOffset && record.value().offset + record.value().bytes <= end);
    }
  }
}

}  // namespace
}  // namespace forkyard::fuzz

FUZZ_TARGET(ring) {
  using namespace forkyard::fuzz;
  static RingArena arena;
  arena.PutBack();
  Bytes input(bytes);
  for (uint32_t step = 0; step < 64 && !input.empty(); step++) Step(arena, input);
  forkyard::ReleaseReference(arena.region, kSelf, arena.ring_cell);
  MUST(arena.region.header().magic == forkyard::kArenaMagic);
}
