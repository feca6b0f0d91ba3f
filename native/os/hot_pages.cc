// See hot_pages.h. Sources: pagemap in the kernel's admin guide (mm/pagemap.rst), madvise(2).
#include "os/hot_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <type_traits>
#include <vector>

#include "os/fd.h"

#ifndef MADV_POPULATE_WRITE  // Linux 5.14
#define MADV_POPULATE_WRITE 23
#endif

namespace forkyard::os {
namespace {

struct Run {
  uintptr_t start;
  size_t bytes;
};

constexpr size_t kMostRuns = 510;
constexpr size_t kMostPages = 1024;
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

// Walks the mappings that are written to; false if there is too much for `runs`.
bool FindExclusive(std::vector<Run>& runs) {
  std::unique_ptr<FILE, int (*)(FILE*)> maps(std::fopen("/proc/self/maps", "re"), std::fclose);
  const UniqueFd pagemap(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (maps == nullptr || !pagemap.valid()) return false;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::array<uint64_t, 512> words;
  size_t pages = 0;
  char line[4352];
  while (std::fgets(line, sizeof(line), maps.get()) != nullptr) {
    unsigned long start = 0, end = 0;
    char flags[8] = "";
    if (std::sscanf(line, "%lx-%lx %7s", &start, &end, flags) != 3 || flags[1] != 'w' || flags[3] != 'p') continue;
    for (uintptr_t at = start; at < end;) {
      const size_t wanted = std::min<size_t>(words.size(), (end - at) / page);
      const ssize_t got = pread(pagemap.get(), words.data(), wanted * 8, static_cast<off_t>(at / page * 8));
      if (got <= 0) break;
      for (size_t i = 0; i < static_cast<size_t>(got) / 8; i++, at += page) {
        if ((words[i] & kPresent) == 0 || (words[i] & kExclusive) == 0) continue;
        if (++pages > kMostPages) return false;
        if (!runs.empty() && runs.back().start + runs.back().bytes == at) {
          runs.back().bytes += page;
        } else {
          runs.push_back({at, page});
        }
      }
    }
  }
  return runs.size() <= kMostRuns;
}

}  // namespace

HotPages* HotPages::Create() {
  static_assert(std::is_trivially_destructible_v<Table> && kUnknown == 0);  // zeroes are one
  Result<Mapping> shared = Mapping::MapAnonymousShared(sizeof(Table));
  return shared ? new HotPages(shared.take()) : nullptr;
}

void HotPages::Learn() {
  uint32_t state = kUnknown;
  if (!table().state.compare_exchange_strong(state, kLearning)) return;
  std::vector<Run> runs;
  if (!FindExclusive(runs)) {
    // Looking takes a millisecond: not in each of them.
    if (++table().failures < kMostFailures) table().state = kUnknown;
    return;
  }
  std::copy(runs.begin(), runs.end(), table().runs.begin());
  table().count = static_cast<uint32_t>(runs.size());
  table().state.store(kKnown, std::memory_order_release);
}

void HotPages::Copy() const {
  if (table().state.load(std::memory_order_acquire) != kKnown) return;
  for (uint32_t i = 0; i < table().count; i++) {
    // What is no longer there, or an old kernel, is no loss.
    (void)madvise(reinterpret_cast<void*>(table().runs[i].start), table().runs[i].bytes, MADV_POPULATE_WRITE);
  }
}

}  // namespace forkyard::os
