// What fork(2) leaves out: V8 marks its heap MADV_DONTFORK, so that a forked child would find holes where it was.
#pragma once

#include <sys/mman.h>

#include "os/memory_map.h"
#include "os/result.h"

namespace forkyard::os {

// From now on a child inherits every private anonymous mapping that there is, copy-on-write.
inline Result<void> MakeAnonymousMemoryForkable() {
  Result<std::vector<MappedRange>> map = ReadMemoryMap();
  if (!map) return map.error();
  for (const MappedRange& range : map.value()) {
    if (!range.is_private() || range.is_file || range.is_kernels) continue;
    if (madvise(reinterpret_cast<void*>(range.start), range.end - range.start, MADV_DOFORK) != 0) {
      return LastError("madvise(MADV_DOFORK)");
    }
  }
  return {};
}

}  // namespace forkyard::os
