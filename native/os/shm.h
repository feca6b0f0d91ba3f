// POSIX shared memory by name (shm_open family). Mapping it is mapping.h; the nameless arena is memfd.h.
// Names are those of shm_overview(7): one leading slash and no other, so "/x" is what CPython calls "x".
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>

#include "os/fd.h"
#include "os/result.h"

namespace forkyard::os {

// What is done with a file before it has its name.
using BeforeNamed = std::function<Result<void>(int fd)>;

// Creates the name exclusively (EEXIST otherwise) and reserves `size` bytes, so that a full /dev/shm is ENOSPC here and
// not SIGBUS at the first touch. ENOMEM if it is more than the machine has available (a control group's limit is not
// looked at: going beyond it is the kernel's out-of-memory killer). The name is the last thing that the file gets: nobody
// sees it half made, and whoever is killed on the way leaves nothing behind. size 0: EINVAL.
Result<UniqueFd> CreateSharedMemory(const std::string& name, uint64_t size, mode_t mode = 0600,
                                    const BeforeNamed& before_named = nullptr);

// Opens an existing name for reading and writing (ENOENT otherwise).
Result<UniqueFd> AttachSharedMemory(const std::string& name);

// In bytes. 0 while another process is between the creation of the name and giving it a size.
Result<uint64_t> SharedMemorySize(int fd);

Result<void> UnlinkSharedMemory(const std::string& name);

// Of an open file, and of the file in /dev/shm that has this name (without a slash) now; 0: there is none.
Result<uint64_t> InodeOf(int fd);
// A signal handler may call both.
uint64_t InodeOfFile(const char* file);
void RemoveFile(const char* file);

// A line of text about a file that goes with it wherever it is seen. Where the kernel has no place for it (tmpfs before
// Linux 6.6) nothing is written, and nothing read.
void WriteMark(int fd, const std::string& text);
std::string ReadMark(const std::string& file);

}  // namespace forkyard::os
