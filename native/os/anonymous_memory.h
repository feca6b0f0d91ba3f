// What fork(2) leaves out: V8 marks its heap MADV_DONTFORK, so that a forked child would find holes where it was.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "os/result.h"

namespace forkyard::os {

// From now on a child inherits every private anonymous mapping that there is, copy-on-write.
inline Result<void> MakeAnonymousMemoryForkable() {
  std::unique_ptr<FILE, int (*)(FILE*)> maps(std::fopen("/proc/self/maps", "re"), std::fclose);
  if (maps == nullptr) return LastError("open(/proc/self/maps)");
  // Read to its end before anything is changed: a change may merge mappings and make the list skip one.
  std::vector<std::pair<uintptr_t, uintptr_t>> ranges;
  char line[4352];
  while (std::fgets(line, sizeof(line), maps.get()) != nullptr) {
    unsigned long start = 0, end = 0, inode = 0;
    char flags[8] = "";
    if (std::sscanf(line, "%lx-%lx %7s %*s %*s %lu", &start, &end, flags, &inode) != 4) continue;
    const bool is_kernels = std::strstr(line, "[v") != nullptr;  // [vdso], [vvar], [vsyscall]
    if (flags[3] == 'p' && inode == 0 && !is_kernels) ranges.emplace_back(start, end);
  }
  for (const auto& [start, end] : ranges) {
    if (madvise(reinterpret_cast<void*>(start), end - start, MADV_DOFORK) != 0) return LastError("madvise(MADV_DOFORK)");
  }
  return {};
}

}  // namespace forkyard::os
