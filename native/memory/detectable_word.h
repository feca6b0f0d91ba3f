// A counter whose every change can be told to have happened or not, even if its author died in the middle.
// The recoverable compare-and-swap of Attiya, Ben-Baruch and Hendler (PODC 2018), with one intent per slot.
#pragma once

#include <cstdint>
#include <optional>

#include "shared/crash_point.h"
#include "shared/region.h"

namespace forkyard {

// Starts an operation of `slot`: the fields first, then operation and sequence in one store that makes them valid.
// From within another operation only with the same fields (a claim that turns into a return).
inline uint32_t PublishIntent(Slot& slot, Operation operation, uint64_t object, uint64_t cell, uint64_t other = 0) {
  Intent& intent = slot.intent;
  intent.object = object;
  intent.cell = cell;
  intent.other = other;
  // 0 is the sequence of a word that was never written.
  uint32_t sequence = ++intent.last_sequence;
  if (sequence == 0) sequence = ++intent.last_sequence;
  // After half the number space without help, an old `done` would look newer than every sequence to come.
  if (static_cast<int32_t>(sequence - intent.done.load(std::memory_order_relaxed)) <= 0) {
    intent.done.store(sequence - 1, std::memory_order_relaxed);
  }
  intent.Set(operation, sequence);
  return sequence;
}

// The sequence stays, for those who compare it.
inline void ClearIntent(Slot& slot) { slot.intent.Set(Operation::kNone, slot.intent.sequence()); }

// Before overwriting the word that `seen.writer` wrote last: tell it (and its reaper) that its change succeeded.
// Only while it is still at that operation, so stale words tell nothing.
inline void HelpWriter(const Region& region, CountWord seen) {
  if (seen.sequence == 0) return;
  Intent& intent = region.slot(seen.writer).intent;
  if (intent.sequence() != seen.sequence) return;
  uint32_t done = intent.done.load();
  while (static_cast<int32_t>(seen.sequence - done) > 0 && !intent.done.compare_exchange_weak(done, seen.sequence)) {
  }
}

// Whether the change that `slot` announced under its current sequence has happened. The word is read first: who
// overwrote it since has told `done` before.
inline bool ChangeHappened(const Region& region, uint32_t slot, const std::atomic<uint64_t>& word) {
  const Intent& intent = region.slot(slot).intent;
  uint32_t sequence = intent.sequence();
  // Known already: the word may have been given back with its page, which a look at it would bring back.
  if (intent.done.load() == sequence) return true;
  CountWord now = CountWord::Unpack(word.load());
  return (now.writer == slot && now.sequence == sequence) || intent.done.load() == sequence;
}

struct CountChange {
  uint32_t slot;
  uint32_t sequence;
  int32_t delta;
  uint32_t minimum_before = 0;         // refuse below: a count of 0 means that nobody holds it
  uint32_t maximum_after = kMaxCount;  // refuse above
};

// The count afterwards. Nothing, with nothing changed, if it is out of the bounds of `change`.
inline std::optional<uint32_t> ChangeCount(const Region& region, std::atomic<uint64_t>& word, const CountChange& change) {
  uint64_t seen_bits = word.load();
  for (;;) {
    CountWord seen = CountWord::Unpack(seen_bits);
    int64_t count = static_cast<int64_t>(seen.count) + change.delta;
    if (seen.count < change.minimum_before || count < 0 || count > change.maximum_after) return std::nullopt;
    HelpWriter(region, seen);
    CountWord next{static_cast<uint32_t>(count), change.slot, change.sequence};
    if (word.compare_exchange_weak(seen_bits, next.Pack())) return next.count;
  }
}

}  // namespace forkyard
