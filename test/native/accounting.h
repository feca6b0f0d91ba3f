// What must add up in an arena in which nobody is at work: counts against cells, the span table against the quota,
// pages against free spans. Reads everything, changes nothing.
#pragma once

#include <unordered_map>

#include "support.h"

namespace forkyard::test {

class Audit {
 public:
  explicit Audit(const Region& region) : region_(region) {
    WalkSpans();
    WalkLedgers();
    for (const auto& [block, count] : counts_) {
      if (count > 0 && region_.block(block).kind == BlockKind::kRing) WalkRing(block);
      if (count > 0 && region_.block(block).kind == BlockKind::kQueue) WalkQueue(block);
    }
    for (const auto& [block, count] : counts_) {
      if (cells_[block] != count) {
        Note("block", block, "has count " + std::to_string(count) + " but cells: " + std::to_string(cells_[block]));
      }
    }
  }

  const std::vector<std::string>& problems() const { return problems_; }
  uint32_t blocks_in_use() const { return blocks_in_use_; }
  uint32_t spans() const { return spans_; }
  uint32_t orphans() const { return orphans_; }

 private:
  void Note(const char* what, uint64_t offset, const std::string& text) {
    if (problems_.size() < 20) problems_.push_back(std::string(what) + " " + std::to_string(offset) + " " + text);
  }

  void WalkSpans() {
    uint32_t span_count = region_.header().span_count;
    uint32_t high = region_.header().spans_high.load();
    for (uint32_t index = 0; index < span_count; index++) {
      SpanWord entry = SpanWord::Unpack(region_.span(index).word.load());
      if (entry.state == SpanState::kFree) {
        if (index < high) CheckFreeSpan(index);
        continue;
      }
      if (index >= high) Note("span", index, "is used above spans_high");
      if (entry.state != SpanState::kHead && entry.state != SpanState::kOrphan) {
        Note("span", index, "is in state " + std::to_string(static_cast<int>(entry.state)) + " outside of a run");
        spans_++;
        continue;
      }
      WalkRun(index, entry);
      index += entry.info - 1;
    }
    if (spans_ != SpansInUse(region_)) {
      Note("quota", SpansInUse(region_), "differs from the span table: " + std::to_string(spans_));
    }
  }

  void WalkRun(uint32_t first, const SpanWord& head) {
    spans_ += head.info;
    if (head.state == SpanState::kOrphan) orphans_++;
    if (head.state == SpanState::kHead &&
        SlotWord::Unpack(region_.slot(head.owner).word.load()).state != SlotState::kLive) {
      Note("span", first, "is owned by slot " + std::to_string(head.owner) + ", which is not live");
    }
    for (uint32_t index = first + 1; index < first + head.info; index++) {
      SpanWord tail = SpanWord::Unpack(region_.span(index).word.load());
      if (tail.state != SpanState::kTail || tail.info != first) Note("span", index, "is no tail of its run");
    }
    uint32_t blocks = head.size_class == kRunClass ? 1 : region_.span(first).high.load();
    uint64_t block_bytes = head.size_class == kRunClass ? 0 : BlockBytesOfClass(head.size_class);
    for (uint32_t index = 0; index < blocks; index++) {
      uint64_t block = region_.SpanOffset(first) + index * block_bytes;
      uint32_t count = CountWord::Unpack(region_.block(block).word.load()).count;
      counts_[block] = count;
      if (count > 0) blocks_in_use_++;
    }
  }

  // Whoever claims it relies on zeros, and its pages must have gone back to the system.
  void CheckFreeSpan(uint32_t index) {
    uint64_t start = region_.SpanOffset(index);
    off_t data = lseek(region_.fd(), static_cast<off_t>(start), SEEK_DATA);
    if (data >= 0 && static_cast<uint64_t>(data) < start + kSpanBytes) Note("span", index, "is free but has pages");
  }

  void WalkLedgers() {
    uint32_t slots = region_.header().slots_high.load();
    for (uint32_t slot = 0; slot < slots; slot++) {
      SlotState state = SlotWord::Unpack(region_.slot(slot).word.load()).state;
      if (state == SlotState::kReaping) Note("slot", slot, "is still being reaped");
      if (region_.slot(slot).intent.operation() != Operation::kNone) Note("slot", slot, "has an open intent");
      // A little above the mark as well: nothing may hide there.
      uint32_t cells = std::min(region_.slot(slot).ledger_high.load() + 64, kLedgerCells);
      for (uint32_t index = 0; index < cells; index++) {
        if (CountCell(Region::LedgerCell(slot, index)) && state != SlotState::kLive) {
          Note("slot", slot, "is not live but holds a reference");
        }
      }
    }
  }

  bool CountCell(uint64_t cell) {
    uint64_t block = region_.word(cell).load();
    if (block == 0) return false;
    cells_[block]++;
    if (!counts_.contains(block)) Note("cell", cell, "names " + std::to_string(block) + ", which is no block");
    return true;
  }

  void WalkRing(uint64_t offset) {
    const Ring& ring = region_.ring(offset);
    if (ring.capacity == 0) return;  // its author died before it was one
    uint32_t tail = ring.tail.load();
    uint32_t position = ring.head.load();
    while (position != tail) position += WalkRecord(ring, offset, position);
    if (ring.attaching.load() == 1 && ring.reserved.load() != tail) WalkRecord(ring, offset, tail);
  }

  void WalkQueue(uint64_t offset) {
    for (uint64_t index = 0; index < kQueueRings; index++) {
      CountCell(offset + offsetof(QueueRings, cells) + index * sizeof(uint64_t));
    }
  }

  uint32_t WalkRecord(const Ring& ring, uint64_t offset, uint32_t position) {
    uint32_t place = position & (ring.capacity - 1);
    RecordHeader header;
    std::memcpy(&header, region_.At(offset + kRingDataOffset + place), 8);
    if (header.type == kSkipRecord) return ring.capacity - place;
    uint64_t bytes = RecordBytes(header.payload_bytes, header.cells);
    uint64_t end = offset + kRingDataOffset + place + bytes;
    for (uint32_t index = 0; index < header.cells; index++) CountCell(end - 8ull * (index + 1));
    return static_cast<uint32_t>(bytes);
  }

  const Region& region_;
  std::unordered_map<uint64_t, uint32_t> counts_;  // of every block that was ever handed out
  std::unordered_map<uint64_t, uint32_t> cells_;
  std::vector<std::string> problems_;
  uint32_t blocks_in_use_ = 0;
  uint32_t spans_ = 0;
  uint32_t orphans_ = 0;
};

inline bool Complain(const std::vector<std::string>& problems, const std::string& context) {
  for (const std::string& problem : problems) Fail(__FILE__, __LINE__, context + ": " + problem);
  return problems.empty();
}

// Every count equals the number of cells that name its block; table, quota, ledgers, intents and pages agree.
inline bool CountsMatchCells(const Region& region, const std::string& context = "audit") {
  return Complain(Audit(region).problems(), context);
}

// Nothing is allocated and no slot is taken but those given.
inline bool NothingLeaked(const Region& region, std::initializer_list<uint32_t> living,
                          const std::string& context = "leak") {
  Audit audit(region);
  std::vector<std::string> problems = audit.problems();
  if (audit.blocks_in_use() != 0) problems.push_back(std::to_string(audit.blocks_in_use()) + " blocks in use");
  if (audit.spans() != 0) {
    problems.push_back(std::to_string(audit.spans()) + " spans in use, orphaned runs: " +
                       std::to_string(audit.orphans()));
  }
  for (uint32_t slot = 0; slot < region.header().slots_high.load(); slot++) {
    SlotState state = SlotWord::Unpack(region.slot(slot).word.load()).state;
    bool may_live = std::find(living.begin(), living.end(), slot) != living.end();
    if (state != (may_live ? SlotState::kLive : SlotState::kFree)) {
      problems.push_back("slot " + std::to_string(slot) + " is in state " + std::to_string(static_cast<int>(state)));
    }
  }
  return Complain(problems, context);
}

}  // namespace forkyard::test
