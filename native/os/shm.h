// POSIX shared memory by name (shm_open family). Mapping it is mapping.h; the nameless arena is memfd.h.
// Names are those of shm_overview(7): one leading slash and no other, so "/x" is what CPython calls "x".
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "os/fd.h"
#include "os/result.h"

namespace forkyard::os {

// Creates the name exclusively (EEXIST otherwise) and reserves `size` bytes, so that a full /dev/shm is ENOSPC here and
// not SIGBUS at the first touch. ENOMEM if it is more than the machine has available (a control group's limit is not
// looked at: going beyond it is the kernel's out-of-memory killer). A creation that fails leaves no name behind. size 0:
// EINVAL.
Result<UniqueFd> CreateSharedMemory(const std::string& name, uint64_t size, mode_t mode = 0600);

// Opens an existing name for reading and writing (ENOENT otherwise).
Result<UniqueFd> AttachSharedMemory(const std::string& name);

// In bytes. 0 while another process is between the creation of the name and giving it a size.
Result<uint64_t> SharedMemorySize(int fd);

Result<void> UnlinkSharedMemory(const std::string& name);

}  // namespace forkyard::os
