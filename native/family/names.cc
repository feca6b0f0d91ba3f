// See names.h. An entry is free, a slot's that writes it, or published; each step is one exchange of its state. Its inode is
// written last and 0 before, so a half-written name is never taken for one.
#include "family/names.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>

#include "os/shm.h"

namespace forkyard {
namespace {

std::optional<uint32_t> Claim(const Region& region, uint32_t slot, uint32_t first) {
  for (uint32_t index = first; index < kMaxNames; index++) {
    uint32_t free = kNameFree;
    if (!region.name(index).state.compare_exchange_strong(free, kNameFirstWriter + slot)) continue;
    RaiseTo(region.header().names_high, index + 1);
    region.header().names_hint.store(index + 1);
    std::atomic_ref(region.name(index).inode).store(0);
    return index;
  }
  return std::nullopt;
}

void Free(const Region& region, uint32_t index, uint32_t expected) {
  if (!region.name(index).state.compare_exchange_strong(expected, kNameFree)) return;
  if (region.header().names_hint.load() > index) region.header().names_hint.store(index);
}

// A copy of the name, as another member wrote it: of a file in the folder, not of one elsewhere; else empty.
struct FileName {
  explicit FileName(const NameEntry& entry) {
    std::memcpy(text, entry.file, sizeof(text));
    text[sizeof(text) - 1] = 0;
    if (std::strchr(text, '/') != nullptr) text[0] = 0;
  }
  char text[kFileNameChars];
};

bool IsCurrent(const NameEntry& entry, const FileName& file) {
  return entry.inode != 0 && file.text[0] != 0 && os::InodeOfFile(file.text) == entry.inode;
}

bool IsCurrent(const NameEntry& entry) { return IsCurrent(entry, FileName(entry)); }

uint32_t HighEntry(const Region& region) { return std::min(region.header().names_high.load(), kMaxNames); }

// What others have removed.
void ForgetRemoved(const Region& region) {
  for (uint32_t index = 0; index < HighEntry(region); index++) {
    if (region.name(index).state.load() == kNamePublished && !IsCurrent(region.name(index))) {
      Free(region, index, kNamePublished);
    }
  }
}

}  // namespace

os::Result<uint32_t> RegisterName(const Region& region, uint32_t slot, const std::string& file, uint64_t inode) {
  if (file.size() >= kFileNameChars) return os::Error{ENAMETOOLONG, "register the name"};
  if (region.header().names_closed.load() != 0) return os::Error{ESHUTDOWN, "register the name"};
  std::optional<uint32_t> index = Claim(region, slot, region.header().names_hint.load());
  if (!index) index = Claim(region, slot, 0);
  if (!index) {
    ForgetRemoved(region);
    index = Claim(region, slot, 0);
  }
  if (!index) return os::Error{ENFILE, "register the name"};
  NameEntry& entry = region.name(*index);
  std::memcpy(entry.file, file.c_str(), file.size() + 1);
  std::atomic_ref(entry.inode).store(inode);
  return *index;
}

void ConfirmName(const Region& region, uint32_t slot, uint32_t entry) {
  uint32_t writing = kNameFirstWriter + slot;
  region.name(entry).state.compare_exchange_strong(writing, kNamePublished);
}

void CancelName(const Region& region, uint32_t slot, uint32_t entry) { Free(region, entry, kNameFirstWriter + slot); }

void ForgetName(const Region& region, uint64_t inode) {
  for (uint32_t index = 0; index < HighEntry(region); index++) {
    if (region.name(index).inode == inode) Free(region, index, kNamePublished);
  }
}

void SweepNames(const Region& region, uint32_t slot) {
  for (uint32_t index = 0; index < HighEntry(region); index++) {
    if (region.name(index).state.load() != kNameFirstWriter + slot) continue;
    if (IsCurrent(region.name(index))) {
      ConfirmName(region, slot, index);
    } else {
      CancelName(region, slot, index);
    }
  }
}

void RemoveNames(const Region& region) {
  region.header().names_closed.store(1);
  for (uint32_t index = 0; index < HighEntry(region); index++) {
    const NameEntry& entry = region.name(index);
    const FileName file(entry);
    if (entry.state.load() != kNameFree && IsCurrent(entry, file)) os::RemoveFile(file.text);
  }
}

}  // namespace forkyard
