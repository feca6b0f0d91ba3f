// The register of names that the family has made in the file system (shared memory, semaphores): what the root removes
// when it ends, whoever made them. Kept in the arena, so that it outlives whoever wrote into it. What they are called and
// how they are made is os/shm.h.
#pragma once

#include <cstdint>
#include <string>

#include "os/result.h"
#include "shared/region.h"

namespace forkyard {

// An entry for a file that is about to get its name, and is known by its inode: one whose file has another inode, or none,
// means nothing. It is `slot`'s until it is confirmed (the file has its name) or cancelled. ENFILE: the register is full.
// ESHUTDOWN: the root is about to end.
os::Result<uint32_t> RegisterName(const Region& region, uint32_t slot, const std::string& file, uint64_t inode);
void ConfirmName(const Region& region, uint32_t slot, uint32_t entry);
void CancelName(const Region& region, uint32_t slot, uint32_t entry);

void ForgetName(const Region& region, uint64_t inode);

// Entries that `slot` died writing.
void SweepNames(const Region& region, uint32_t slot);

// Removes all files of the register that still are what was registered; no more can be registered. By the root, also in
// a signal handler.
void RemoveNames(const Region& region);

}  // namespace forkyard
