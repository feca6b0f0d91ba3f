// See huge_text.h. Sources: madvise(2), mremap(2); the idea is that of Node's src/large_pages.
#include "os/huge_text.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "os/memory_map.h"

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
  Result<std::vector<MappedRange>> map = ReadMemoryMap();
  if (!map) return nullptr;
  const auto at = reinterpret_cast<uintptr_t>(code);
  for (const MappedRange& range : map.value()) {
    if (at < range.start || at >= range.end) continue;
    const uintptr_t first = RoundUp(range.start), last = range.end & ~(kHugePage - 1);
    if (!range.is_file || std::strcmp(range.access, "r-xp") != 0 || first >= last) return nullptr;
    return std::unique_ptr<HugeText>(new HugeText(first, last - first));
  }
  return nullptr;
}

HugeText::~HugeText() { Release(); }

bool HugeText::Step() {
  const bool has_room = copy_ != 0 || Reserve();
  if (has_room && copied_ < bytes_ && CopyNext()) return true;
  if (copied_ == bytes_) Install();
  Release();
  return false;
}

bool HugeText::CopyNext() {
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
void HugeText::Install() {
  if (mprotect(Pointer(copy_), bytes_, PROT_READ | PROT_EXEC) != 0) return;
  if (mremap(Pointer(copy_), bytes_, bytes_, MREMAP_MAYMOVE | MREMAP_FIXED, Pointer(text_)) != MAP_FAILED) copy_ = 0;
}

void HugeText::Release() {
  if (copy_ != 0) munmap(Pointer(copy_), bytes_);
  copy_ = 0;
}

}  // namespace forkyard::os
