// See arena.h.
#include "memory/arena.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "os/mapping.h"
#include "os/memfd.h"

namespace forkyard {
namespace {

constexpr uint64_t kSmallestArenaBytes = 2ull << 30;

uint64_t AlignUp(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

void InitializeHeader(ArenaHeader& header, uint64_t arena_bytes, uint64_t limit_bytes) {
  // The span table grows with the arena: one entry a span of what is left behind it.
  uint64_t spans = (arena_bytes - kSpanTableOffset) / (kSpanBytes + sizeof(SpanEntry));
  header.data_offset = AlignUp(kSpanTableOffset + spans * sizeof(SpanEntry), kSpanBytes);
  spans = std::min({spans, (arena_bytes - header.data_offset) / kSpanBytes, static_cast<uint64_t>(kMaxCount - 1)});
  header.version = kLayoutVersion;
  header.arena_bytes = arena_bytes;
  header.span_count = static_cast<uint32_t>(spans);
  uint64_t limit = limit_bytes == 0 ? spans : std::min(spans, std::max<uint64_t>(1, limit_bytes / kSpanBytes));
  header.limit_spans = static_cast<uint32_t>(limit);
  header.magic = kArenaMagic;
}

os::Result<Region> MapWhole(int fd, uint64_t bytes) {
  os::Result<os::Mapping> mapping = os::Mapping::MapShared(fd, bytes);
  if (!mapping) return mapping.error();
  Region region(mapping.value().data(), fd);
  mapping.value().Leak();
  return region;
}

}  // namespace

os::Result<Region> CreateArena(const ArenaOptions& options) {
  if (options.arena_bytes < kSmallestArenaBytes) return os::Error{EINVAL, "create arena"};
  for (uint64_t bytes = options.arena_bytes;; bytes /= 2) {
    os::Result<os::UniqueFd> fd = os::CreateMemfd("forkyard", bytes);
    if (!fd) {
      // RLIMIT_FSIZE.
      if (fd.error().number == EFBIG && bytes / 2 >= kSmallestArenaBytes) continue;
      return fd.error();
    }
    os::Result<Region> region = MapWhole(fd.value().get(), bytes);
    if (!region) {
      // RLIMIT_AS, or a system that does not overcommit.
      if (region.error().number == ENOMEM && bytes / 2 >= kSmallestArenaBytes) continue;
      return region;
    }
    InitializeHeader(region.value().header(), bytes, options.limit_bytes);
    fd.value().release();
    return region;
  }
}

os::Result<Region> AttachArena(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return os::LastError("fstat");
  if (static_cast<uint64_t>(status.st_size) < kSmallestArenaBytes) return os::Error{EINVAL, "attach arena"};
  os::Result<Region> region = MapWhole(fd, static_cast<uint64_t>(status.st_size));
  if (!region) return region;
  const ArenaHeader& header = region.value().header();
  if (header.magic != kArenaMagic || header.version != kLayoutVersion) return os::Error{EPROTO, "attach arena"};
  return region;
}

}  // namespace forkyard
