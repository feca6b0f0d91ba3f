// memory/spans: runs and the quota, zeros in every fresh span, orphans and their adoption, races for the same entries.
#include "memory/spans.h"

#include <random>
#include <thread>

#include "accounting.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

struct Arena {
  explicit Arena(uint64_t limit_spans = 64) : family(limit_spans) {}
  Family family;
  Member root{family};
  const Region& region = family.region();

  std::optional<uint32_t> Claim(uint32_t count, uint32_t size_class = kRunClass) {
    return ClaimSpans(region, root.slot(), count, size_class).first;
  }
  void Return(uint32_t first, uint32_t count) { ReturnSpans(region, root.slot(), first, count); }
};

}  // namespace

TEST(a_run_is_claimed_published_and_returned) {
  Arena a;
  for (uint32_t count : {1u, 2u, 7u}) {
    std::optional<uint32_t> first = a.Claim(count);
    REQUIRE(first.has_value());
    SpanWord head = SpanWord::Unpack(a.region.span(*first).word.load());
    CHECK_EQ(head.state, SpanState::kHead);
    CHECK_EQ(head.owner, a.root.slot());
    CHECK_EQ(head.info, count);
    CHECK_EQ(SpansInUse(a.region), count);
    CHECK(CountsMatchCells(a.region));
    CHECK(AllBlocksFree(a.region, {*first, count, kRunClass}));
    a.Return(*first, count);
    CHECK_EQ(SpansInUse(a.region), 0);
    CHECK(NothingLeaked(a.region, {a.root.slot()}));
  }
}

TEST(a_returned_span_reads_as_zeros_and_holds_no_pages) {
  Arena a;
  std::optional<uint32_t> first = a.Claim(3);
  std::memset(a.region.At(a.region.SpanOffset(*first) + 8), 0xff, 3 * kSpanBytes - 8);
  a.Return(*first, 3);
  CHECK(CountsMatchCells(a.region));
  REQUIRE(a.Claim(3) == first);
  const uint8_t* bytes = a.region.At(a.region.SpanOffset(*first));
  CHECK(std::all_of(bytes, bytes + 3 * kSpanBytes, [](uint8_t byte) { return byte == 0; }));
}

TEST(pages_that_cannot_be_punched_are_cleared) {
  Arena a;
  std::optional<uint32_t> first = a.Claim(2);
  std::memset(a.region.At(a.region.SpanOffset(*first) + 8), 0xff, 2 * kSpanBytes - 8);
  Region crippled(a.region.At(0), -1);
  ReturnSpans(crippled, a.root.slot(), *first, 2);
  const uint8_t* bytes = a.region.At(a.region.SpanOffset(*first));
  CHECK(std::all_of(bytes, bytes + 2 * kSpanBytes, [](uint8_t byte) { return byte == 0; }));
  CHECK_EQ(SpansInUse(a.region), 0);
}

TEST(the_quota_is_kept_to_the_span) {
  Arena a(10);
  std::optional<uint32_t> seven = a.Claim(7);
  REQUIRE(seven.has_value());
  SpanClaim refused = ClaimSpans(a.region, a.root.slot(), 4, kRunClass);
  CHECK(!refused.first.has_value());
  CHECK_EQ(refused.failure, ClaimFailure::kQuotaExhausted);
  CHECK_EQ(SpansInUse(a.region), 7);
  CHECK(a.Claim(3).has_value());
  CHECK(!a.Claim(1).has_value());
  CHECK_EQ(SpansInUse(a.region), 10);
  a.Return(*seven, 7);
  CHECK(a.Claim(7).has_value());
  CHECK(CountsMatchCells(a.region));
}

TEST(a_run_longer_than_the_arena_is_refused) {
  Arena a(1 << 20);
  uint32_t all = a.region.header().span_count;
  SpanClaim refused = ClaimSpans(a.region, a.root.slot(), all + 1, kRunClass);
  CHECK(!refused.first.has_value());
  CHECK_EQ(refused.failure, ClaimFailure::kArenaExhausted);
  std::optional<uint32_t> whole = a.Claim(all);
  CHECK(whole.has_value());
  CHECK_EQ(ClaimSpans(a.region, a.root.slot(), 1, 0).failure, ClaimFailure::kArenaExhausted);
  a.Return(*whole, all);
  CHECK(NothingLeaked(a.region, {a.root.slot()}));
}

TEST(holes_are_filled_from_the_bottom) {
  Arena a;
  std::optional<uint32_t> first = a.Claim(2), second = a.Claim(3), third = a.Claim(1);
  CHECK_EQ(*first, 0);
  CHECK_EQ(*second, 2);
  CHECK_EQ(*third, 5);
  a.Return(*second, 3);
  CHECK_EQ(*a.Claim(4), 6);
  CHECK_EQ(*a.Claim(2), 2);
  CHECK_EQ(*a.Claim(1), 4);
  CHECK(CountsMatchCells(a.region));
}

TEST(a_run_returns_only_what_belongs_to_it) {
  Arena a;
  std::optional<uint32_t> mine = a.Claim(2);
  SlotId other = a.family.Reserve(a.root.id());
  Member stranger(a.family, other);
  ReturnSpans(a.region, stranger.slot(), *mine, 2);  // not the owner: the table stays as it is
  CHECK_EQ(SpanWord::Unpack(a.region.span(*mine).word.load()).state, SpanState::kHead);
  CHECK_EQ(SpanWord::Unpack(a.region.span(*mine + 1).word.load()).state, SpanState::kTail);
}

TEST(an_orphan_is_adopted_once_by_class_and_length) {
  Arena a;
  SlotId id = a.family.Reserve(a.root.id());
  uint64_t small, large;
  {
    Member lodger(a.family, id);
    small = a.root.Acquire(lodger.Block(lodger.Allocate(1000)));
    large = a.root.Acquire(lodger.Block(lodger.Allocate(3 * kSpanBytes - 100)));
    lodger.reaper().Retire();
  }
  uint32_t size_class = ClassOfBlockBytes(1000 + kBlockHeaderBytes);
  CHECK_EQ(Audit(a.region).orphans(), 2);
  CHECK(!AdoptSpans(a.region, a.root.slot(), 1, size_class + 1).has_value());
  CHECK(!AdoptSpans(a.region, a.root.slot(), 2, kRunClass).has_value());
  CHECK(!AdoptSpans(a.region, a.root.slot(), 1, kRunClass).has_value());
  CHECK_EQ(*AdoptSpans(a.region, a.root.slot(), 1, size_class), a.region.SpanOfOffset(a.root.Block(small)));
  CHECK(!AdoptSpans(a.region, a.root.slot(), 1, size_class).has_value());
  CHECK_EQ(*AdoptSpans(a.region, a.root.slot(), 3, kRunClass), a.region.SpanOfOffset(a.root.Block(large)));
  CHECK_EQ(Audit(a.region).orphans(), 0);
  CHECK(CountsMatchCells(a.region));
}

// Many slots at the same few entries: claims that collide are rolled back, and nothing is lost or held twice.
TEST(racing_claims_never_share_a_span_and_the_quota_stays_exact) {
  Arena a(24);
  std::array<std::atomic<uint32_t>, 64> held{};
  std::vector<std::thread> threads;
  for (uint32_t seed = 1; seed <= 4; seed++) {
    SlotId id = a.family.Reserve(a.root.id());
    threads.emplace_back([&, seed, id] {
      Member self(a.family, id);
      std::mt19937 random(seed);
      std::vector<SpanRun> runs;
      for (int round = 0; round < 3000; round++) {
        if (runs.size() < 4 && random() % 2 == 0) {
          uint32_t count = 1 + random() % 5;
          std::optional<uint32_t> first = ClaimSpans(a.region, self.slot(), count, kRunClass).first;
          if (!first) continue;
          for (uint32_t i = *first; i < *first + count; i++) CHECK_EQ(held[i].exchange(self.slot()), 0);
          runs.push_back({*first, count, kRunClass});
        } else if (!runs.empty()) {
          SpanRun run = runs.back();
          runs.pop_back();
          for (uint32_t i = run.first; i < run.first + run.count; i++) CHECK_EQ(held[i].exchange(0), self.slot());
          ReturnSpans(a.region, self.slot(), run.first, run.count);
        }
      }
      for (const SpanRun& run : runs) {
        for (uint32_t i = run.first; i < run.first + run.count; i++) held[i].store(0);
      }
      self.reaper().Retire();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(NothingLeaked(a.region, {a.root.slot()}));
}

TEST(a_claim_or_return_cut_off_at_any_step_is_settled_by_the_reaper) {
  const CrashPointId points[] = {
      CrashPointId::kSpanIntentPublished, CrashPointId::kSpanQuotaTaken,     CrashPointId::kSpanEntryClaimed,
      CrashPointId::kSpanTailsWritten,    CrashPointId::kSpanHeadPublished,  CrashPointId::kSpanReturnIntentPublished,
      CrashPointId::kSpanPagesPunched,    CrashPointId::kSpanEntryFreed,     CrashPointId::kSpanQuotaGiven};
  for (CrashPointId point : points) {
    for (uint32_t hits = 0; hits < 3; hits++) {
      Arena a;
      SlotId id = a.family.Reserve(a.root.id());
      Child child = ForkChild([&] {
        Member self(a.family, id);
        ArmCrashPoint(static_cast<uint32_t>(point), hits);
        for (int i = 0; i < 3; i++) {
          std::optional<uint32_t> first = ClaimSpans(a.region, self.slot(), 3, kRunClass).first;
          std::memset(a.region.At(a.region.SpanOffset(*first) + 8), 0xee, 3 * kSpanBytes - 8);
          ReturnSpans(a.region, self.slot(), *first, 3);
        }
      });
      CHECK_SIGNALED(child.Wait(), SIGKILL);
      CHECK_EQ(a.root.reaper().ReapAll(), 1);
      CHECK(NothingLeaked(a.region, {a.root.slot()}, "point " + std::to_string(static_cast<int>(point))));
    }
  }
}
