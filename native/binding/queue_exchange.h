// What passes between JavaScript and the addon with each item of a queue: memory that both know, as an argument for each part
// would cost more than the rest of the work.
#pragma once

#include <cstddef>
#include <cstdint>

namespace forkyard {

// As many as a record can have (src/memory/slabs.ts), and the payload's own.
inline constexpr uint32_t kMostItemCells = 257;
// The longest that is not in a slab (src/channel/ring-layout.ts).
inline constexpr uint32_t kItemPayloadBytes = 16384;

struct ItemArea {
  uint32_t type;
  uint32_t length;
  uint32_t payload_bytes;
  uint32_t cell_count;
  uint32_t cells[kMostItemCells + 3];  // numbers of this environment's
  uint8_t payload[kItemPayloadBytes];
};
static_assert(offsetof(ItemArea, payload) % 8 == 0);

// Two areas, since who decodes what was taken may put something.
struct QueueExchange {
  ItemArea put;
  // Before: `type` has the wanted types as bits, `length` the greatest that is wanted.
  ItemArea taken;
};

}  // namespace forkyard
