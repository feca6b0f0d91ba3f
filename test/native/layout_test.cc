// shared/layout and the arena: words survive packing, parts do not overlap whatever the size, a foreign file is refused.
#include "accounting.h"

#include <sys/resource.h>
#include <sys/stat.h>

using namespace forkyard;
using namespace forkyard::test;

TEST(a_slot_word_survives_packing_at_its_limits) {
  for (SlotState state : {SlotState::kFree, SlotState::kReserved, SlotState::kLive, SlotState::kReaping}) {
    for (uint32_t other : {0u, 1u, 0xfffu}) {
      for (uint32_t generation : {0u, 1u, 0xffffu, 0x10000u, 0xffffffffu}) {
        SlotWord word = SlotWord::Unpack(SlotWord{state, other, generation & 0xffff, generation}.Pack());
        CHECK_EQ(word.state, state);
        CHECK_EQ(word.other, other);
        CHECK_EQ(word.other_generation, generation & 0xffff);
        CHECK_EQ(word.generation, generation);
      }
    }
  }
}

TEST(a_count_word_survives_packing_at_its_limits) {
  for (uint32_t count : {0u, 1u, kMaxCount}) {
    for (uint32_t writer : {0u, kNoSlot}) {
      for (uint32_t sequence : {0u, 1u, 0xffffffffu}) {
        CountWord word = CountWord::Unpack(CountWord{count, writer, sequence}.Pack());
        CHECK_EQ(word.count, count);
        CHECK_EQ(word.writer, writer);
        CHECK_EQ(word.sequence, sequence);
      }
    }
  }
}

TEST(a_span_word_survives_packing_at_its_limits) {
  for (uint32_t size_class : {0u, kSizeClasses - 1, kRunClass}) {
    for (uint32_t info : {0u, 1u, 0xfffffu}) {
      for (uint32_t generation : {0u, 0xfffffu}) {
        SpanWord word = SpanWord::Unpack(SpanWord{SpanState::kOrphan, size_class, kNoSlot, info, generation}.Pack());
        CHECK_EQ(word.state, SpanState::kOrphan);
        CHECK_EQ(word.size_class, size_class);
        CHECK_EQ(word.owner, kNoSlot);
        CHECK_EQ(word.info, info);
        CHECK_EQ(word.generation, generation);
      }
    }
  }
}

TEST(every_block_size_has_a_class_that_wastes_at_most_a_quarter) {
  for (uint64_t bytes = 1; bytes <= kLargestSmallBlock; bytes += bytes < 5000 ? 1 : 61) {
    uint32_t size_class = ClassOfBlockBytes(bytes);
    CHECK(size_class < kSizeClasses);
    CHECK(BlockBytesOfClass(size_class) >= bytes);
    CHECK(BlockBytesOfClass(size_class) % kCacheLine == 0);
    if (size_class > 0) CHECK(BlockBytesOfClass(size_class - 1) < bytes);
    if (bytes > 512) CHECK(BlockBytesOfClass(size_class) <= bytes + bytes / 4);
    CHECK(BlocksInSpan(size_class) * BlockBytesOfClass(size_class) <= kSpanBytes);
  }
}

// 513 MiB of tables, then sizes at which the span table ends exactly where the first span begins, and odd ones.
TEST(the_span_table_never_reaches_into_the_first_span) {
  const uint64_t mebibyte = 1ull << 20;
  std::vector<uint64_t> sizes{2ull << 30, (2ull << 30) + 4096, 3ull << 30, 64ull << 30};
  for (uint64_t table_spans : {1ull, 2ull}) {
    uint64_t full = kSpanTableOffset + table_spans * 65536 * mebibyte;
    for (uint64_t extra = 0; extra <= 6; extra++) sizes.push_back(full + extra * mebibyte);
  }
  for (uint64_t bytes : sizes) {
    os::Result<Region> arena = CreateArena({bytes, 0});
    REQUIRE_OK(arena);
    const ArenaHeader& header = arena.value().header();
    CHECK_EQ(header.arena_bytes, bytes);
    CHECK_EQ(header.data_offset % kSpanBytes, 0);
    CHECK(kSpanTableOffset + header.span_count * sizeof(SpanEntry) <= header.data_offset);
    CHECK(header.data_offset + header.span_count * kSpanBytes <= bytes);
    CHECK_EQ(header.limit_spans, header.span_count);
    munmap(arena.value().At(0), bytes);
    close(arena.value().fd());
  }
}

TEST(an_arena_too_small_for_its_tables_is_refused) {
  for (uint64_t bytes : {0ull, 1ull, 4096ull, 1ull << 20, 513ull << 20, (2ull << 30) - 1}) {
    CHECK_ERRNO(CreateArena({bytes, 0}), EINVAL);
  }
}

TEST(the_quota_is_whole_spans_within_the_arena_and_never_nothing) {
  struct Row {
    uint64_t limit_bytes;
    uint32_t spans;
  };
  for (Row row : {Row{1, 1}, Row{kSpanBytes, 1}, Row{3 * kSpanBytes - 1, 2}, Row{3 * kSpanBytes, 3}}) {
    os::Result<Region> arena = CreateArena({2ull << 30, row.limit_bytes});
    REQUIRE_OK(arena);
    CHECK_EQ(arena.value().header().limit_spans, row.spans);
    munmap(arena.value().At(0), 2ull << 30);
    close(arena.value().fd());
  }
  os::Result<Region> arena = CreateArena({2ull << 30, 1ull << 60});
  REQUIRE_OK(arena);
  CHECK_EQ(arena.value().header().limit_spans, arena.value().header().span_count);
  munmap(arena.value().At(0), 2ull << 30);
  close(arena.value().fd());
}

TEST(a_reservation_costs_no_memory) {
  Family family;
  struct stat status;
  REQUIRE(fstat(family.region().fd(), &status) == 0);
  CHECK(static_cast<uint64_t>(status.st_blocks) * 512 <= 64 * 1024);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // their shadow does not fit into such a limit
TEST(a_limited_address_space_gets_a_smaller_arena) {
  Child child = ForkChild([] {
    rlimit limit{3ull << 30, 3ull << 30};
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
    os::Result<Region> arena = CreateArena({16ull << 30, 0});
    REQUIRE_OK(arena);
    CHECK_EQ(arena.value().header().arena_bytes, 2ull << 30);
    rlimit none{1ull << 30, 1ull << 30};
    REQUIRE(setrlimit(RLIMIT_AS, &none) == 0);
    CHECK_ERRNO(CreateArena({16ull << 30, 0}), ENOMEM);
  });
  CHECK_EXITED(child.Wait(), 0);
}
#endif

TEST(another_process_attaches_to_the_same_words) {
  Family family;
  Member self(family);
  uint64_t cell = self.Allocate(100);
  std::memcpy(family.region().At(self.Block(cell) + kBlockHeaderBytes), "hello", 6);
  Child child = ForkChild([&] {
    os::Result<Region> attached = AttachArena(family.region().fd());
    REQUIRE_OK(attached);
    CHECK(attached.value().At(0) != family.region().At(0));
    uint64_t block = attached.value().word(cell).load();
    CHECK_EQ(std::string(reinterpret_cast<char*>(attached.value().At(block + kBlockHeaderBytes))), "hello");
  });
  CHECK_EXITED(child.Wait(), 0);
}

TEST(a_file_that_is_no_arena_is_refused) {
  os::Result<os::UniqueFd> empty = os::CreateMemfd("empty", 2ull << 30);
  REQUIRE_OK(empty);
  CHECK_ERRNO(AttachArena(empty.value().get()), EPROTO);
  os::Result<os::UniqueFd> small = os::CreateMemfd("small", 4096);
  REQUIRE_OK(small);
  CHECK_ERRNO(AttachArena(small.value().get()), EINVAL);
  CHECK_ERRNO(AttachArena(-1), EBADF);
  Family family;
  family.region().header().version = kLayoutVersion + 1;
  CHECK_ERRNO(AttachArena(family.region().fd()), EPROTO);
}

TEST(a_mark_only_rises) {
  std::atomic<uint32_t> mark{5};
  RaiseTo(mark, 3);
  CHECK_EQ(mark.load(), 5);
  RaiseTo(mark, 9);
  CHECK_EQ(mark.load(), 9);
}
