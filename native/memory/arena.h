// The arena: making the one memfd of a family, and mapping it in a member. What lies in it is shared/layout.h.
#pragma once

#include <cstdint>

#include "os/fd.h"
#include "os/result.h"
#include "shared/region.h"

namespace forkyard {

struct ArenaOptions {
  uint64_t arena_bytes = kDefaultArenaBytes;  // reserved address space, halved until the system grants it
  uint64_t limit_bytes = 0;                   // quota for blocks; 0: as much as the arena holds
};

// Both leave the mapping in place until the process ends: views of it may be anywhere. The descriptor inside the
// region is owned by the caller's process from then on.
os::Result<Region> CreateArena(const ArenaOptions& options);
os::Result<Region> AttachArena(int fd);

}  // namespace forkyard
