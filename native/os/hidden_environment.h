// What /proc/PID/environ shows is where the kernel put the environment when the program began, whatever became of the variables.
// A fork server would show all its children's readers what it was started with, also a secret that was deleted since.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "os/fd.h"

namespace forkyard::os {

struct MemoryRange {
  uintptr_t start = 0;
  uintptr_t end = 0;
  bool Contains(const void* address) const {
    const auto number = reinterpret_cast<uintptr_t>(address);
    return number >= start && number < end;
  }
};

// Fields 50 and 51 of /proc/self/stat; empty where there is no /proc.
inline MemoryRange FirstEnvironment() {
  const UniqueFd file(open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  char text[2048] = {};
  if (!file.valid() || read(file.get(), text, sizeof(text) - 1) <= 0) return {};
  const char* field = std::strrchr(text, ')');
  for (int number = 2; field != nullptr && number < 50; number++) field = std::strchr(field + 1, ' ');
  if (field == nullptr) return {};
  MemoryRange range;
  char* rest = nullptr;
  range.start = std::strtoull(field, &rest, 10);
  range.end = std::strtoull(rest, nullptr, 10);
  return range;
}

// Moves the variables that still lie there to the heap and clears the place. Of a process with one thread of JavaScript, at a
// moment at which nobody holds what getenv(3) returned.
inline void HideEnvironment() {
  const MemoryRange first = FirstEnvironment();
  if (first.start == 0 || first.end <= first.start) return;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; entry++) {
    if (!first.Contains(*entry)) continue;
    char* moved = strdup(*entry);
    if (moved == nullptr) return;
    *entry = moved;
  }
  explicit_bzero(reinterpret_cast<void*>(first.start), first.end - first.start);
}

}  // namespace forkyard::os
