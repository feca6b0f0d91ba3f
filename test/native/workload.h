// Random work of one environment on every mechanism of the core, with canaries in each block: whoever holds a block
// knows what must stand in it, so a block that was freed too early or handed out twice is noticed by its holder.
#pragma once

#include <random>

#include "support.h"

namespace forkyard::test {

// What stands in a block's payload from its first holder's hands on.
struct Canary {
  uint64_t nonce;
  uint64_t block;
  uint64_t inverse;

  static Canary For(uint64_t block, uint64_t nonce) { return {nonce, block * 0x9e3779b97f4a7c15ull, ~nonce}; }
};

inline void WriteCanary(const Region& region, uint64_t block, uint64_t nonce) {
  Canary canary = Canary::For(block, nonce);
  uint64_t bytes = region.block(block).payload_bytes;
  std::memcpy(region.At(block + kBlockHeaderBytes), &canary, sizeof(canary));
  std::memcpy(region.At(block + kBlockHeaderBytes + bytes - sizeof(nonce)), &nonce, sizeof(nonce));
}

inline bool CheckCanary(const Region& region, uint64_t block, uint64_t nonce) {
  const BlockHeader& header = region.block(block);
  Canary expected = Canary::For(block, nonce);
  Canary found;
  uint64_t last = 0;
  bool same = header.payload_bytes >= sizeof(Canary) + sizeof(nonce) && header.payload_bytes <= 8 * kSpanBytes;
  if (same) {
    std::memcpy(&found, region.At(block + kBlockHeaderBytes), sizeof(found));
    std::memcpy(&last, region.At(block + kBlockHeaderBytes + header.payload_bytes - sizeof(last)), sizeof(last));
    same = std::memcmp(&found, &expected, sizeof(found)) == 0 && last == nonce;
  }
  if (!same) Fail(__FILE__, __LINE__, "somebody else wrote into block " + std::to_string(block));
  return same;
}

struct WorkloadOptions {
  uint64_t seed = 1;
  uint64_t out = 0;  // block of the ring that it fills
  uint64_t in = 0;   // block of the ring that it empties
  size_t most_held = 150;
  bool lodgers = true;  // opens and retires further environments in this process
  std::function<void()> published = [] {};
};

class Workload {
 public:
  Workload(const Family& family, Member& self, WorkloadOptions options)
      : family_(family), self_(self), options_(std::move(options)), random_(options_.seed * 7919 + self.slot()) {
    // Nonces must differ from those of every other environment that there ever was.
    next_nonce_ = (static_cast<uint64_t>(self.slot()) << 52) ^ (random_() << 20);
  }

  void Step() {
    uint32_t dice = Random(100);
    if (held_.size() > options_.most_held) return ReleaseSome();
    if (dice < 24) return Allocate(SmallBytes());
    if (dice < 29) return Allocate(200'000 + Random(320'000));
    if (dice < 32) return Allocate(kSpanBytes / 2 + Random(2 * kSpanBytes));
    if (dice < 52) return Release();
    if (dice < 60) return Duplicate();
    if (dice < 64) return Move();
    if (dice < 76) return Publish();
    if (dice < 90) return Consume();
    if (dice < 92) return (void)self_.allocator().Trim();
    if (dice < 94) return Verify();
    if (!options_.lodgers) return;
    if (dice < 96) return ReserveInVain();
    if (dice < 98) return Lodge();
    self_.reaper().ReapAll();
  }

  // Takes every published record; true if there was one.
  bool ConsumeAll() {
    bool any = false;
    while (options_.in != 0 && RingHasRecord(self_.region(), options_.in)) {
      Consume();
      any = true;
    }
    return any;
  }

  void Verify() const {
    for (const Held& held : held_) CheckHeld(held);
  }

  void ReleaseAll() {
    while (!held_.empty()) Release();
  }

  size_t held() const { return held_.size(); }
  uint64_t received() const { return received_; }
  uint64_t published() const { return published_; }

 private:
  struct Held {
    uint64_t cell;
    uint64_t nonce;
  };

  uint32_t Random(uint32_t below) { return static_cast<uint32_t>(random_() % below); }
  uint64_t SmallBytes() { return 40 + Random(Random(10) == 0 ? 20'000 : 400); }
  Held& Any() { return held_[Random(static_cast<uint32_t>(held_.size()))]; }

  void CheckHeld(const Held& held) const {
    uint64_t block = self_.Block(held.cell);
    CHECK(self_.Count(block) > 0);
    CheckCanary(self_.region(), block, held.nonce);
  }

  void Allocate(uint64_t bytes) {
    uint64_t cell = self_.Allocate(bytes);
    if (cell == 0) return ReleaseSome();  // the quota
    uint64_t block = self_.Block(cell);
    CHECK_EQ(self_.Count(block), 1);
    WriteCanary(self_.region(), block, ++next_nonce_);
    held_.push_back({cell, next_nonce_});
  }

  void Release() {
    if (held_.empty()) return;
    Held& held = Any();
    CheckHeld(held);
    self_.ReturnCell(held.cell);
    held = held_.back();
    held_.pop_back();
  }

  void ReleaseSome() {
    for (size_t keep = held_.size() / 2; held_.size() > keep;) Release();
  }

  void Duplicate() {
    if (held_.empty()) return;
    Held held = Any();
    uint64_t cell = self_.Acquire(self_.Block(held.cell));
    CHECK(cell != 0);
    if (cell != 0) held_.push_back({cell, held.nonce});
  }

  void Move() {
    if (held_.empty()) return;
    Held& held = Any();
    uint64_t cell = self_.TakeCell();
    MoveReference(self_.region(), self_.slot(), held.cell, cell);
    self_.ReturnCell(held.cell);
    held.cell = cell;
  }

  void Publish() {
    if (options_.out == 0) return;
    std::vector<uint64_t> cells;
    Message message;
    for (uint32_t count = Random(4); cells.size() < count && cells.size() < held_.size();) {
      const Held& held = held_[held_.size() - 1 - cells.size()];
      cells.push_back(held.cell);
      message.payload.push_back(held.nonce);
    }
    size_t handed_over = cells.size();
    message.payload.resize(handed_over + Random(6), 0xabcdef);
    message.spare_bytes = Random(8);
    message.cells = cells;
    if (!test::Publish(self_, options_.out, message)) return;
    held_.resize(held_.size() - handed_over);
    published_++;
    options_.published();
  }

  void Consume() {
    if (options_.in == 0) return;
    const Region& region = self_.region();
    std::optional<Received> record = PeekRecord(region, options_.in);
    if (!record) return;
    for (uint32_t index = 0; index < record->header.cells; index++) {
      InFlight reference{options_.in, record->position, index};
      os::Result<uint64_t> block = PeekReference(region, reference);
      if (!CHECK_OK(block)) continue;
      CheckCanary(region, block.value(), record->payload[index]);
      if (Random(4) == 0) {
        CHECK_OK(DropReference(region, self_.slot(), reference));
        continue;
      }
      uint64_t cell = self_.TakeCell();
      CHECK_OK(TakeReference(region, self_.slot(), reference, cell));
      held_.push_back({cell, record->payload[index]});
    }
    AdvanceHead(region, options_.in, *record);
    received_++;
  }

  void ReserveInVain() {
    std::optional<SlotId> id = ReserveSlot(self_.region(), self_.id());
    if (id) CHECK(CancelReservation(self_.region(), *id));
  }

  // A further environment of this process, as a worker thread would be: it allocates, shares, and ends. What it shared
  // leaves orphaned spans behind, and what it reserved a reservation without a parent.
  void Lodge() {
    std::optional<SlotId> id = ReserveSlot(self_.region(), self_.id());
    if (!id) return;
    Member lodger(family_, *id);
    uint64_t bytes = Random(2) == 0 ? 300'000 : 700'000;
    for (int i = 0; i < 3; i++) {
      uint64_t theirs = lodger.Allocate(bytes);
      if (theirs == 0) break;
      WriteCanary(self_.region(), lodger.Block(theirs), ++next_nonce_);
      uint64_t ours = i == 1 ? 0 : self_.Acquire(lodger.Block(theirs));
      if (ours != 0) held_.push_back({ours, next_nonce_});
    }
    if (Random(2) == 0) (void)ReserveSlot(self_.region(), lodger.id());
    lodger.reaper().Retire();
    self_.reaper().ReapAll();
    Allocate(bytes);
    Allocate(bytes);
  }

  const Family& family_;
  Member& self_;
  WorkloadOptions options_;
  std::mt19937_64 random_;
  uint64_t next_nonce_;
  std::vector<Held> held_;
  uint64_t received_ = 0;
  uint64_t published_ = 0;
};

}  // namespace forkyard::test
