// The mappings of this process, as /proc/self/maps lists them (proc(5)).
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "os/result.h"

namespace forkyard::os {

struct MappedRange {
  uintptr_t start = 0;
  uintptr_t end = 0;
  char access[8] = "";  // like "r-xp"
  bool is_file = false;
  bool is_kernels = false;  // [vdso], [vvar], [vsyscall]

  bool is_writable() const { return access[1] == 'w'; }
  bool is_private() const { return access[3] == 'p'; }
};

// Read to its end before anything can be done about it: a change may merge mappings and make a list skip one.
inline Result<std::vector<MappedRange>> ReadMemoryMap() {
  std::unique_ptr<FILE, int (*)(FILE*)> maps(std::fopen("/proc/self/maps", "re"), std::fclose);
  if (maps == nullptr) return LastError("open(/proc/self/maps)");
  std::vector<MappedRange> ranges;
  char line[4352];
  while (std::fgets(line, sizeof(line), maps.get()) != nullptr) {
    unsigned long start = 0, end = 0, inode = 0;
    MappedRange range;
    if (std::sscanf(line, "%lx-%lx %7s %*s %*s %lu", &start, &end, range.access, &inode) != 4) continue;
    range.start = start;
    range.end = end;
    range.is_file = inode != 0;
    range.is_kernels = std::strstr(line, "[v") != nullptr;
    ranges.push_back(range);
  }
  return ranges;
}

}  // namespace forkyard::os
