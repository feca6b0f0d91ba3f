// Fixtures of the core's tests: a small arena, environments with a slot in it (in this process or a forked one), and
// rings driven as src/channel/ drives them. What the arena must add up to is accounting.h; random work is workload.h.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "channel/spsc_ring.h"
#include "check.h"
#include "family/reaper.h"
#include "memory/allocator.h"
#include "memory/arena.h"
#include "os/clock.h"
#include "os/memfd.h"
#include "os/process_identity.h"
#include "os/record_lock.h"
#include "parking/bell.h"
#include "shared/crash_point.h"
#include "channel/sweep.h"

namespace forkyard::test {

// A family of its own for one test: arena and liveness file. Forked children use both as they inherit them.
class Family {
 public:
  explicit Family(uint64_t limit_spans = 512, uint64_t arena_bytes = 4ull << 30) {
    os::Result<Region> arena = CreateArena({arena_bytes, limit_spans * kSpanBytes});
    REQUIRE_OK(arena);
    region_ = arena.value();
    os::Result<os::UniqueFd> liveness = os::CreateMemfd("liveness", kMaxSlots);
    REQUIRE_OK(liveness);
    liveness_fd_ = liveness.take().release();
  }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;
  ~Family() {
    munmap(region_.At(0), region_.header().arena_bytes);
    close(region_.fd());
    close(liveness_fd_);
  }

  const Region& region() const { return region_; }
  int liveness_fd() const { return liveness_fd_; }

  // Of the calling process, which may be a forked child.
  ProcessToken Token() const {
    os::Result<uint64_t> start_time = os::ProcessStartTime(getpid());
    REQUIRE_OK(start_time);
    return {liveness_fd_, static_cast<uint32_t>(getpid()), start_time.value()};
  }

  SlotId Reserve(SlotId parent) const {
    std::optional<SlotId> id = ReserveSlot(region_, parent);
    REQUIRE(id.has_value());
    return *id;
  }

 private:
  Region region_;
  int liveness_fd_ = -1;
};

// One environment: its slot, allocator and ledger, as native/binding/environment.cc has them.
class Member {
 public:
  Member(const Family& family, SlotId reserved)
      : region_(family.region()), token_(family.Token()), id_(reserved), allocator_(region_, reserved.index) {
    REQUIRE_OK(ClaimSlot(region_, token_, id_));
  }
  // The first environment of a test: it has no parent.
  explicit Member(const Family& family) : Member(family, family.Reserve({kNoSlot, 0})) {}

  const Region& region() const { return region_; }
  const ProcessToken& token() const { return token_; }
  SlotId id() const { return id_; }
  uint32_t slot() const { return id_.index; }
  Allocator& allocator() { return allocator_; }
  Reaper reaper() const { return {region_, token_, id_, SweepSlot}; }

  // An empty cell of the ledger, by its offset.
  uint64_t TakeCell() {
    if (!free_cells_.empty()) {
      uint64_t cell = free_cells_.back();
      free_cells_.pop_back();
      return cell;
    }
    REQUIRE(next_cell_ < kLedgerCells);
    region_.slot(slot()).ledger_high.store(next_cell_ + 1);
    return Region::LedgerCell(slot(), next_cell_++);
  }
  // Releases what the cell names, if anything.
  void ReturnCell(uint64_t cell) {
    allocator_.Release(cell);
    free_cells_.push_back(cell);
  }

  // The cell of a new block, or 0.
  uint64_t Allocate(uint64_t payload_bytes, BlockKind kind = BlockKind::kSlab) {
    uint64_t cell = TakeCell();
    Allocator::Outcome outcome = allocator_.Allocate(payload_bytes, kind, cell);
    if (outcome.failure == AllocationFailure::kNone) return cell;
    ReturnCell(cell);
    return 0;
  }
  // The cell of one more reference to the block, or 0.
  uint64_t Acquire(uint64_t block) {
    uint64_t cell = TakeCell();
    if (AcquireReference(region_, slot(), block, cell)) return cell;
    ReturnCell(cell);
    return 0;
  }
  uint64_t CreateRing(uint32_t capacity) {
    uint64_t cell = Allocate(kRingDataOffset - kBlockHeaderBytes + capacity, BlockKind::kRing);
    REQUIRE(cell != 0);
    InitializeRing(region_, Block(cell), capacity);
    return cell;
  }

  uint64_t Block(uint64_t cell) const { return region_.word(cell).load(); }
  uint32_t Count(uint64_t block) const { return CountWord::Unpack(region_.block(block).word.load()).count; }

 private:
  Region region_;
  ProcessToken token_;
  SlotId id_;
  Allocator allocator_;
  std::vector<uint64_t> free_cells_;
  uint32_t next_cell_ = 0;
};

inline uint32_t SpansInUse(const Region& region) {
  return CountWord::Unpack(region.header().spans_in_use.load()).count;
}

// ---- rings, as src/channel/ring-writer.ts and ring-reader.ts drive them ----

struct Message {
  std::vector<uint64_t> payload;
  uint32_t spare_bytes = 0;  // of payload beyond the words: 0..7
  uint32_t id = 0;
  std::span<const uint64_t> cells;  // handed over

  uint32_t payload_bytes() const { return static_cast<uint32_t>(payload.size() * 8 + spare_bytes); }
};

// Where the next record of `bytes` may stand; publishes a skip record where the end of the ring is too near.
inline std::optional<uint32_t> MakeRoom(const Region& region, uint64_t ring_offset, uint64_t bytes) {
  Ring& ring = region.ring(ring_offset);
  uint32_t tail = ring.tail.load();
  uint32_t free_bytes = ring.capacity - (tail - ring.head.load());
  uint32_t until_end = ring.capacity - (tail & (ring.capacity - 1));
  if (free_bytes < (until_end < bytes ? until_end + bytes : bytes)) return std::nullopt;
  if (until_end >= bytes) return tail;
  // Only the first half of the header fits where 8 bytes are left.
  RecordHeader skip{0, kSkipRecord, 0, 0, 0};
  std::memcpy(region.At(ring_offset + kRingDataOffset + (tail & (ring.capacity - 1))), &skip, 8);
  ring.tail.store(tail + until_end);
  CrashPoint(CrashPointId::kRingTailPublished);
  return tail + until_end;
}

inline void WriteRecord(const Region& region, uint64_t ring_offset, uint32_t position, const Message& message) {
  Ring& ring = region.ring(ring_offset);
  RecordHeader header{message.payload_bytes(), 7, static_cast<uint16_t>(message.cells.size()), message.id, 0};
  uint8_t* place = region.At(ring_offset + kRingDataOffset + (position & (ring.capacity - 1)));
  std::memcpy(place, &header, sizeof(header));
  if (message.payload.empty()) return;
  std::memcpy(place + sizeof(header), message.payload.data(), message.payload.size() * 8);
}

// False: no room, nothing happened.
inline bool Publish(Member& self, uint64_t ring_offset, const Message& message) {
  const Region& region = self.region();
  Ring& ring = region.ring(ring_offset);
  uint64_t bytes = RecordBytes(message.payload_bytes(), static_cast<uint32_t>(message.cells.size()));
  std::optional<uint32_t> position = MakeRoom(region, ring_offset, bytes);
  if (!position) return false;
  WriteRecord(region, ring_offset, *position, message);
  if (!message.cells.empty()) {
    RecordReferences references{ring_offset, *position, message.cells.data(),
                                static_cast<uint32_t>(message.cells.size())};
    CHECK_OK(AttachReferences(region, self.slot(), references));
  }
  ring.tail.store(*position + static_cast<uint32_t>(bytes));
  CrashPoint(CrashPointId::kRingTailPublished);
  if (!message.cells.empty()) ring.attaching.store(0);
  for (uint64_t cell : message.cells) self.ReturnCell(cell);
  return true;
}

struct Received {
  uint32_t position = 0;
  RecordHeader header{};
  std::vector<uint64_t> payload;
};

// The record at the head, copied; skip records are passed over.
inline std::optional<Received> PeekRecord(const Region& region, uint64_t ring_offset) {
  Ring& ring = region.ring(ring_offset);
  for (;;) {
    Received record{ring.head.load(), {}, {}};
    if (record.position == ring.tail.load()) return std::nullopt;
    uint32_t place = record.position & (ring.capacity - 1);
    const uint8_t* data = region.At(ring_offset + kRingDataOffset + place);
    std::memcpy(&record.header, data, 8);
    if (record.header.type == kSkipRecord) {
      ring.head.store(record.position + ring.capacity - place);
      CrashPoint(CrashPointId::kRingHeadAdvanced);
      continue;
    }
    std::memcpy(&record.header, data, sizeof(RecordHeader));
    record.payload.resize(record.header.payload_bytes / 8);
    if (!record.payload.empty()) {
      std::memcpy(record.payload.data(), data + sizeof(RecordHeader), record.payload.size() * 8);
    }
    return record;
  }
}

inline void AdvanceHead(const Region& region, uint64_t ring_offset, const Received& record) {
  region.ring(ring_offset).head.store(
      record.position + static_cast<uint32_t>(RecordBytes(record.header.payload_bytes, record.header.cells)));
  CrashPoint(CrashPointId::kRingHeadAdvanced);
}

inline bool RingHasRecord(const Region& region, uint64_t ring_offset) {
  return region.ring(ring_offset).tail.load() != region.ring(ring_offset).head.load();
}

// The sender's half of P4: rings each sleep of the receiver once. Private to one sender.
class Ringer {
 public:
  void RingIfAsleep(const Region& region, uint32_t slot) {
    uint32_t epoch = region.slot(slot).epoch.load();
    if ((epoch & 1) == 0) return;
    if (last_rung_.size() <= slot) last_rung_.resize(slot + 1, 0);
    if (last_rung_[slot] == epoch) return;
    last_rung_[slot] = epoch;
    CrashPoint(CrashPointId::kRingBellOwed);
    // Whoever has woken up meanwhile is rung through the socket, which nobody may listen to.
    CHECK_OK(RingBell(region, socket_.get(), slot));
  }

 private:
  os::UniqueFd socket_{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::vector<uint32_t> last_rung_;
};

// ---- waiting ----

inline constexpr uint64_t kSecondNs = 1'000'000'000ull;

// Polls until `condition` holds; false after a minute, which is a hang and not a measurement.
template <class Condition>
bool Eventually(Condition condition) {
  for (uint64_t end = os::MonotonicNs() + 60 * kSecondNs; os::MonotonicNs() < end; usleep(500)) {
    if (condition()) return true;
  }
  return condition();
}

// Words that a test shares with the children that it forks.
class SharedWords {
 public:
  explicit SharedWords(size_t count) : bytes_(count * sizeof(std::atomic<uint64_t>)) {
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    words_ = static_cast<std::atomic<uint64_t>*>(memory);
  }
  SharedWords(const SharedWords&) = delete;
  SharedWords& operator=(const SharedWords&) = delete;
  ~SharedWords() { munmap(static_cast<void*>(words_), bytes_); }
  std::atomic<uint64_t>& operator[](size_t index) const { return words_[index]; }

 private:
  size_t bytes_;
  std::atomic<uint64_t>* words_;
};

}  // namespace forkyard::test
