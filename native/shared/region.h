// Region: the arena as mapped into this process. Offsets in, pointers out; nothing here decides anything.
#pragma once

#include <algorithm>
#include <cstdint>

#include "shared/layout.h"

namespace forkyard {

class Region {
 public:
  Region() = default;
  explicit Region(uint8_t* base, int fd) : base_(base), fd_(fd) {}

  uint8_t* At(uint64_t offset) const { return base_ + offset; }
  int fd() const { return fd_; }

  ArenaHeader& header() const { return *reinterpret_cast<ArenaHeader*>(base_); }
  Slot& slot(uint32_t index) const { return reinterpret_cast<Slot*>(base_ + kSlotsOffset)[index]; }
  // Slots from here on were never used.
  uint32_t SlotsUsed() const { return std::min(header().slots_high.load(), kMaxSlots); }
  SpanEntry& span(uint32_t index) const { return reinterpret_cast<SpanEntry*>(base_ + kSpanTableOffset)[index]; }
  NameEntry& name(uint32_t index) const { return reinterpret_cast<NameEntry*>(base_ + kNamesOffset)[index]; }
  BlockHeader& block(uint64_t offset) const { return *reinterpret_cast<BlockHeader*>(base_ + offset); }
  Ring& ring(uint64_t offset) const { return *reinterpret_cast<Ring*>(base_ + offset); }

  std::atomic<uint64_t>& word(uint64_t offset) const {
    return *reinterpret_cast<std::atomic<uint64_t>*>(base_ + offset);
  }
  uint64_t OffsetOf(const void* pointer) const {
    return static_cast<uint64_t>(reinterpret_cast<const uint8_t*>(pointer) - base_);
  }

  static uint64_t LedgerCell(uint32_t slot, uint32_t index) {
    return kLedgersOffset + slot * kLedgerBytes + index * sizeof(uint64_t);
  }
  uint64_t SpanOffset(uint32_t index) const { return header().data_offset + index * kSpanBytes; }
  uint32_t SpanOfOffset(uint64_t offset) const {
    return static_cast<uint32_t>((offset - header().data_offset) / kSpanBytes);
  }
  bool InData(uint64_t offset) const {
    return offset >= header().data_offset &&
           offset < header().data_offset + static_cast<uint64_t>(header().span_count) * kSpanBytes;
  }

 private:
  uint8_t* base_ = nullptr;
  int fd_ = -1;
};

// Raises a high-water mark; it never falls while the family lives.
inline void RaiseTo(std::atomic<uint32_t>& mark, uint32_t value) {
  uint32_t seen = mark.load(std::memory_order_relaxed);
  while (seen < value && !mark.compare_exchange_weak(seen, value)) {
  }
}

}  // namespace forkyard
