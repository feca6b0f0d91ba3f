// The allocator of the C library, where copies of large messages come from.
#pragma once

#include <cstdlib>

namespace forkyard::os {

// glibc gives what is free at the end of its heap back to the kernel beyond a threshold, twice the longest block that was ever
// freed; with copies of a megabyte the pages of almost each would be fetched anew, which takes longer than to copy. This
// is to have freed a longer one: some tens of megabytes stay with a process that receives large messages.
inline void KeepFreedMemory() {
  constexpr size_t kBlockBytes = 24u << 20;
  static const bool done = [] {
    void* volatile block = std::malloc(kBlockBytes);
    std::free(block);
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace forkyard::os
