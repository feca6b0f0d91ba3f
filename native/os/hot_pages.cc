// See hot_pages.h. Sources: pagemap in the kernel's admin guide (mm/pagemap.rst), madvise(2).
#include "os/hot_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "os/fd.h"
#include "os/memory_map.h"

#ifndef MADV_POPULATE_WRITE  // Linux 5.14
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

namespace forkyard::os {
namespace {

struct Run {
  uintptr_t start;
  uint32_t bytes;
  int advice;  // how it is to be populated
};

constexpr size_t kMostRuns = 1022;
constexpr size_t kMostPages = 1024;  // written to
constexpr uint32_t kMostFailures = 3;
// Of a word of pagemap.
constexpr uint64_t kPresent = uint64_t{1} << 63;
constexpr uint64_t kExclusive = uint64_t{1} << 56;

enum State : uint32_t { kUnknown, kLearning, kKnown };

}  // namespace

// Whoever dies while it learns leaves kLearning behind, and there is nothing to copy beforehand.
struct HotPages::Table {
  std::atomic<uint32_t> state;
  uint32_t failures;
  uint32_t count;
  std::array<Run, kMostRuns> runs;
};

namespace {

// Reads what pagemap says of the pages of one mapping, and adds those in question to `runs`. How many they are.
size_t AddPages(int pagemap, uintptr_t start, uintptr_t end, int advice, std::vector<Run>& runs) {
  const auto page = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  const uint64_t wanted_bits = advice == MADV_POPULATE_WRITE ? kPresent | kExclusive : kPresent;
  std::array<uint64_t, 512> words;
  size_t pages = 0;
  for (uintptr_t at = start; at < end;) {
    const size_t wanted = std::min<size_t>(words.size(), (end - at) / page);
    const ssize_t got = pread(pagemap, words.data(), wanted * 8, static_cast<off_t>(at / page * 8));
    if (got <= 0) break;
    for (size_t i = 0; i < static_cast<size_t>(got) / 8; i++, at += page) {
      if ((words[i] & wanted_bits) != wanted_bits) continue;
      pages++;
      if (!runs.empty() && runs.back().start + runs.back().bytes == at && runs.back().advice == advice) {
        runs.back().bytes += page;
      } else {
        runs.push_back({at, page, advice});
      }
    }
  }
  return pages;
}

// False if there is too much for a table.
bool Survey(std::vector<Run>& runs) {
  Result<std::vector<MappedRange>> map = ReadMemoryMap();
  const UniqueFd pagemap(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!map || !pagemap.valid()) return false;
  size_t written = 0;
  for (const auto& range : map.value()) {
    if (!range.is_private()) continue;
    if (range.is_writable()) {
      written += AddPages(pagemap.get(), range.start, range.end, MADV_POPULATE_WRITE, runs);
    } else if (range.is_file) {
      AddPages(pagemap.get(), range.start, range.end, MADV_POPULATE_READ, runs);
    }
    if (written > kMostPages || runs.size() > kMostRuns) return false;
  }
  return true;
}

}  // namespace

std::unique_ptr<HotPages> HotPages::Create() {
  static_assert(std::is_trivially_destructible_v<Table> && kUnknown == 0);  // zeroes are one
  Result<Mapping> shared = Mapping::MapAnonymousShared(sizeof(Table));
  return shared ? std::unique_ptr<HotPages>(new HotPages(shared.take())) : nullptr;
}

void HotPages::Learn() {
  uint32_t state = kUnknown;
  if (!table().state.compare_exchange_strong(state, kLearning)) return;
  std::vector<Run> runs;
  if (!Survey(runs)) {
    // Looking takes a millisecond: not in each of them.
    if (++table().failures < kMostFailures) table().state = kUnknown;
    return;
  }
  std::copy(runs.begin(), runs.end(), table().runs.begin());
  table().count = static_cast<uint32_t>(runs.size());
  table().state.store(kKnown, std::memory_order_release);
}

void HotPages::Populate() const {
  if (table().state.load(std::memory_order_acquire) != kKnown) return;
  for (uint32_t i = 0; i < table().count; i++) {
    const Run& run = table().runs[i];
    // What is no longer there, or an old kernel, is no loss.
    (void)madvise(reinterpret_cast<void*>(run.start), run.bytes, run.advice);
  }
}

}  // namespace forkyard::os
