// A block to wait at in which anything may stand, as whoever sweeps a dead member finds it.
#include "arena.h"
#include "sync/sweep.h"
#include "sync/sync_block.h"

namespace forkyard::fuzz {
namespace {

struct SyncArena : Arena {
  SyncArena() {
    for (SlotWords words : {SlotWords::kNone, SlotWords::kGrants, SlotWords::kArrivals}) {
      const SyncShape shape{.owners = words == SlotWords::kNone ? 8u : 0u, .slot_words = words};
      const uint64_t cell = Allocate(shape.bytes(), BlockKind::kSlab);
      std::memset(region.At(Block(cell) + kBlockHeaderBytes), 0, shape.bytes());
      InitializeSync(region, Block(cell), shape);
    }
    Keep();
  }
};

}  // namespace
}  // namespace forkyard::fuzz

FUZZ_TARGET(sync_sweep) {
  using namespace forkyard;
  using namespace forkyard::fuzz;
  static SyncArena arena;
  arena.PutBack();
  Bytes input(bytes);
  const uint64_t block = arena.blocks[input.Byte() % 3];
  const uint64_t most = arena.region.block(block).payload_bytes;
  while (!input.empty()) {
    const uint64_t at = input.Take<uint16_t>() % most / 4 * 4;
    const uint32_t word = input.Take<uint32_t>();
    std::memcpy(arena.region.At(block + kBlockHeaderBytes + at), &word, sizeof(word));
  }
  SweepSyncBlock(arena.region, block, kOther, most);
  MUST(SyncBlockAt(arena.region, block).block.kind == BlockKind::kSync);
}
