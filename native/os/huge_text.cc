// See huge_text.h. Sources: madvise(2), mremap(2); the idea is that of Node's src/large_pages.
#include "os/huge_text.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#ifndef MADV_COLLAPSE  // Linux 6.1
#define MADV_COLLAPSE 25
#endif

namespace forkyard::os {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr uintptr_t RoundUp(uintptr_t address) { return (address + kHugePage - 1) & ~(kHugePage - 1); }

void* Pointer(uintptr_t address) { return reinterpret_cast<void*>(address); }

}  // namespace

std::unique_ptr<HugeText> HugeText::Of(const void* code) {
  if (sysconf(_SC_PAGESIZE) != kPage) return nullptr;
  std::unique_ptr<FILE, int (*)(FILE*)> maps(std::fopen("/proc/self/maps", "re"), std::fclose);
  if (maps == nullptr) return nullptr;
  const auto at = reinterpret_cast<uintptr_t>(code);
  char line[4352];
  while (std::fgets(line, sizeof(line), maps.get()) != nullptr) {
    unsigned long start = 0, end = 0, inode = 0;
    char flags[8] = "";
    if (std::sscanf(line, "%lx-%lx %7s %*s %*s %lu", &start, &end, flags, &inode) != 4) continue;
    if (at < start || at >= end) continue;
    const uintptr_t first = RoundUp(start), last = end & ~(kHugePage - 1);
    if (inode == 0 || std::strcmp(flags, "r-xp") != 0 || first >= last) return nullptr;
    return std::unique_ptr<HugeText>(new HugeText(first, last - first));
  }
  return nullptr;
}

HugeText::~HugeText() {
  if (copy_ != 0) munmap(Pointer(copy_), bytes_);
}

bool HugeText::Step() {
  if (copy_ == 0 && !Reserve()) return false;
  if (copied_ == bytes_) return Install();
  void* page = Pointer(copy_ + copied_);
  std::memcpy(page, Pointer(text_ + copied_), kHugePage);
  // Fails where it was not to be had as one: smaller ones would make each fork longer.
  if (madvise(page, kHugePage, MADV_COLLAPSE) != 0) return false;
  copied_ += kHugePage;
  return true;
}

bool HugeText::Reserve() {
  void* memory = mmap(nullptr, bytes_ + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  const auto start = reinterpret_cast<uintptr_t>(memory);
  copy_ = RoundUp(start);
  if (copy_ > start) munmap(memory, copy_ - start);
  if (const size_t rest = start + kHugePage - copy_; rest > 0) munmap(Pointer(copy_ + bytes_), rest);
  // In a core dump the code is the program's file, as ever.
  (void)madvise(Pointer(copy_), bytes_, MADV_DONTDUMP);
  return madvise(Pointer(copy_), bytes_, MADV_HUGEPAGE) == 0;
}

// The kernel exchanges the mappings in one step: who runs this code meanwhile waits for it to be there again.
bool HugeText::Install() {
  if (mprotect(Pointer(copy_), bytes_, PROT_READ | PROT_EXEC) != 0) return false;
  if (mremap(Pointer(copy_), bytes_, bytes_, MREMAP_MAYMOVE | MREMAP_FIXED, Pointer(text_)) != MAP_FAILED) copy_ = 0;
  return false;
}

}  // namespace forkyard::os
