// What lies where in the arena: plain structures and sizes, the same in every process and in JavaScript (which gets
// these numbers from binding/constants.cc). What the fields mean to each other is in family/, memory/ and channel/.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shared/cache_line.h"

namespace forkyard {

inline constexpr uint64_t kArenaMagic = 0x31647261796b7266ull;  // "frkyard1"
inline constexpr uint32_t kLayoutVersion = 4;

inline constexpr uint32_t kMaxSlots = 4096;  // 12 bits in a detectable word
inline constexpr uint32_t kNoSlot = kMaxSlots - 1;
inline constexpr uint32_t kLedgerCells = 16384;
inline constexpr uint64_t kSpanBytes = 1ull << 20;
inline constexpr uint64_t kDefaultArenaBytes = 64ull << 30;
inline constexpr uint32_t kBellSecretWords = 2;
// As many as a process can have mapped at once, with the kernel's own limit.
inline constexpr uint32_t kMaxNames = 65536;
inline constexpr uint32_t kFileNameChars = 256;

static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free,
              "a word shared between processes must not hide a lock");

// ---- slots (family/README.md) ----

enum class SlotState : uint32_t { kFree = 0, kReserved = 1, kLive = 2, kReaping = 3 };

// state:4 | other slot:12 | low bits of its generation:16 | generation:32
// `other` is the parent of a RESERVED or LIVE slot, the reaper of a REAPING one.
struct SlotWord {
  SlotState state;
  uint32_t other;
  uint32_t other_generation;
  uint32_t generation;

  static SlotWord Unpack(uint64_t bits) {
    return {static_cast<SlotState>(bits >> 60), static_cast<uint32_t>(bits >> 48) & 0xfff,
            static_cast<uint32_t>(bits >> 32) & 0xffff, static_cast<uint32_t>(bits)};
  }
  uint64_t Pack() const {
    return (static_cast<uint64_t>(state) << 60) | (static_cast<uint64_t>(other & 0xfff) << 48) |
           (static_cast<uint64_t>(other_generation & 0xffff) << 32) | generation;
  }
};

// What a slot is in the middle of (memory/README.md). One operation at a time.
enum class Operation : uint32_t {
  kNone = 0,
  kAcquire = 1,
  kAllocate = 2,
  kRelease = 3,
  kMove = 4,
  kSpanClaim = 5,
  kSpanReturn = 6,
};

struct Intent {
  std::atomic<uint64_t> current;  // operation:32 | sequence:32, in one word so that both change at once
  std::atomic<uint32_t> done;     // highest sequence that a helper saw to have succeeded
  uint32_t last_sequence;         // counts on through the generations of the slot
  uint64_t object;                // offset of the word that changes
  uint64_t cell;                  // offset of a cell, or first span
  uint64_t other;                 // offset of a second cell, or number of spans

  Operation operation() const { return static_cast<Operation>(current.load() >> 32); }
  uint32_t sequence() const { return static_cast<uint32_t>(current.load()); }
  void Set(Operation operation, uint32_t sequence) {
    current.store((static_cast<uint64_t>(operation) << 32) | sequence);
  }
};

enum class SleepMode : uint32_t { kLoop = 0, kBlocked = 1 };

struct alignas(kCacheLine) Slot {
  // Identity: written while RESERVED or by the claimant, read by everybody.
  std::atomic<uint64_t> word;
  std::atomic<uint64_t> start_time;
  std::atomic<uint32_t> pid;
  std::atomic<uint32_t> thread;
  std::atomic<uint32_t> ledger_high;  // cells at and above were never used in this generation
  // Bell (parking/README.md): all but `bell_word` is written by the owner only. The epoch is odd while asleep.
  alignas(kCacheLine) std::atomic<uint32_t> epoch;
  std::atomic<uint32_t> sleep_mode;
  std::atomic<uint32_t> bell_word;
  std::atomic<uint64_t> bell_name;  // of the socket that the owner listens to; 0: to none
  std::atomic<uint64_t> bell_secret[kBellSecretWords];  // what that socket hears; of no other one
  alignas(kCacheLine) Intent intent;
};
static_assert(sizeof(Slot) == 3 * kCacheLine);

// ---- detectable words (memory/README.md) ----

// count:20 | writer slot:12 | sequence:32
struct CountWord {
  uint32_t count;
  uint32_t writer;
  uint32_t sequence;

  static CountWord Unpack(uint64_t bits) {
    return {static_cast<uint32_t>(bits >> 44), static_cast<uint32_t>(bits >> 32) & 0xfff,
            static_cast<uint32_t>(bits)};
  }
  uint64_t Pack() const {
    return (static_cast<uint64_t>(count) << 44) | (static_cast<uint64_t>(writer & 0xfff) << 32) | sequence;
  }
};
inline constexpr uint32_t kMaxCount = (1u << 20) - 1;

// ---- spans and blocks (memory/README.md) ----

enum class SpanState : uint32_t { kFree = 0, kClaiming = 1, kHead = 2, kTail = 3, kOrphan = 4 };

// state:4 | size class:8 | owner slot:12 | info:20 | generation:20
// info: number of spans in the run (HEAD, ORPHAN) or index of the run's first span (CLAIMING, TAIL)
struct SpanWord {
  SpanState state;
  uint32_t size_class;
  uint32_t owner;
  uint32_t info;
  uint32_t generation;

  static SpanWord Unpack(uint64_t bits) {
    return {static_cast<SpanState>(bits >> 60), static_cast<uint32_t>(bits >> 52) & 0xff,
            static_cast<uint32_t>(bits >> 40) & 0xfff, static_cast<uint32_t>(bits >> 20) & 0xfffff,
            static_cast<uint32_t>(bits) & 0xfffff};
  }
  uint64_t Pack() const {
    return (static_cast<uint64_t>(state) << 60) | (static_cast<uint64_t>(size_class & 0xff) << 52) |
           (static_cast<uint64_t>(owner & 0xfff) << 40) | (static_cast<uint64_t>(info & 0xfffff) << 20) |
           (generation & 0xfffff);
  }
};

struct SpanEntry {
  std::atomic<uint64_t> word;
  std::atomic<uint32_t> high;   // blocks at and above were never handed out: their pages are not touched
  std::atomic<uint32_t> freed;  // hint: blocks freed by other slots since the owner last looked
};
static_assert(sizeof(SpanEntry) == 16);

enum class BlockKind : uint32_t { kSlab = 1, kRing = 2, kSync = 3, kQueue = 4 };

// In front of every block. A count of zero in the word IS the free state.
struct BlockHeader {
  std::atomic<uint64_t> word;
  uint32_t generation;  // sequence of the operation that allocated it: tells a stale handle
  BlockKind kind;
  uint64_t payload_bytes;
  uint64_t unused;
};
inline constexpr uint64_t kBlockHeaderBytes = 32;
static_assert(sizeof(BlockHeader) == kBlockHeaderBytes);

// ---- ring (channel/README.md): offsets from the start of the block ----

struct Ring {
  BlockHeader block;
  uint32_t capacity;  // bytes, a power of two; 0: not a ring yet
  uint32_t unused[7];
  alignas(kCacheLine) std::atomic<uint32_t> tail;  // producer's line
  std::atomic<uint32_t> reserved;   // end of the record that references are being attached to ...
  std::atomic<uint32_t> attaching;  // ... while this is 1
  std::atomic<uint32_t> taken;      // position of the record that the producer is taking back ...
  std::atomic<uint32_t> taking;     // ... while this is 1: the head may be beyond it already
  alignas(kCacheLine) std::atomic<uint32_t> head;  // consumer's line: what lies before it may be overwritten
  std::atomic<uint32_t> begun;         // what lies before it was begun by the consumer, or taken back by the producer
  std::atomic<uint32_t> mean_task_us;  // of a pool's worker: the dispatcher's credit follows it
  std::atomic<uint32_t> busy_ms;       // of a pool's worker, since it started; wraps
  std::atomic<uint32_t> running_task;  // of a pool's worker: 1 + the id of the task whose function runs, or 0
  std::atomic<uint32_t> running_item;  // ... which item of that task's chunk
  std::atomic<uint32_t> items_begun;   // ... how many items it has begun with since it started; wraps
  alignas(kCacheLine) std::atomic<uint32_t> producer_waiting;
};
inline constexpr uint64_t kRingDataOffset = 4 * kCacheLine;
static_assert(sizeof(Ring) == kRingDataOffset);

// In front of every record; then the payload, then `cells` cells, each part padded to 8 bytes.
struct RecordHeader {
  uint32_t payload_bytes;
  uint16_t type;  // kSkipRecord: nothing, the next record is at the start of the ring
  uint16_t cells;
  uint32_t id;
  uint32_t extra;
};
inline constexpr uint32_t kRecordHeaderBytes = 16;
inline constexpr uint16_t kSkipRecord = 0xffff;
static_assert(sizeof(RecordHeader) == kRecordHeaderBytes);

// ---- queue (channel/queue_block.h): what it refers to ----

// Rings of a queue, each of which is added when the one before it is full: cells, by index modulo their number.
inline constexpr uint32_t kQueueRings = 64;

struct QueueRings {
  BlockHeader block;
  std::atomic<uint64_t> cells[kQueueRings];
};

// ---- names of the file system (family/names.h) ----

// kFree, kPublished, or 2 + the slot that writes it.
enum NameState : uint32_t { kNameFree = 0, kNamePublished = 1, kNameFirstWriter = 2 };

struct NameEntry {
  std::atomic<uint32_t> state;
  uint32_t unused;
  uint64_t inode;
  char file[kFileNameChars];  // in /dev/shm, ends with a zero
};

// ---- the arena ----

inline constexpr uint32_t kMaxSpinners = 16;

struct ArenaHeader {
  uint64_t magic;
  uint32_t version;
  uint32_t unused;
  uint64_t arena_bytes;
  uint64_t data_offset;  // of span 0
  uint32_t span_count;
  uint32_t limit_spans;  // the quota
  uint64_t root_start_time;
  uint32_t root_pid;
  std::atomic<uint32_t> names_closed;  // the root is about to end: no more names
  std::atomic<uint32_t> names_high;    // entries at and above were never used
  std::atomic<uint32_t> names_hint;    // entries below are in use, most likely
  alignas(kCacheLine) std::atomic<uint64_t> spans_in_use;  // a detectable word
  alignas(kCacheLine) std::atomic<uint32_t> slots_high;    // slots at and above were never used
  std::atomic<uint32_t> spans_high;
  // Who looks for messages instead of sleeping: 1 + its slot, or 0. There are not more of them than processors.
  alignas(kCacheLine) std::atomic<uint32_t> spinners[kMaxSpinners];
};

inline constexpr uint64_t kSlotsOffset = 4096;
inline constexpr uint64_t kLedgersOffset = 1ull << 20;
inline constexpr uint64_t kLedgerBytes = kLedgerCells * sizeof(uint64_t);
inline constexpr uint64_t kNamesOffset = kLedgersOffset + kMaxSlots * kLedgerBytes;
inline constexpr uint64_t kSpanTableOffset = kNamesOffset + kMaxNames * sizeof(NameEntry);
static_assert(kSpanTableOffset % kCacheLine == 0);
static_assert(sizeof(ArenaHeader) <= kSlotsOffset);
static_assert(kSlotsOffset + kMaxSlots * sizeof(Slot) <= kLedgersOffset);

}  // namespace forkyard
