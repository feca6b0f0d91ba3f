// shm_open, ftruncate and posix_fallocate with the interruptions handled. The contract is in shm.h.
#include "os/shm.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace forkyard::os {

namespace {

// On older kernels tmpfs gives up an allocation that a signal interrupts and frees what it had; in pieces of this size a
// program with a profiling timer still gets to the end.
constexpr uint64_t kReservePieceBytes = 16ull << 20;

// In bytes; all there could be where the kernel does not say.
uint64_t AvailableMemory() {
  const UniqueFd file(::open("/proc/meminfo", O_RDONLY | O_CLOEXEC));
  char text[2048] = {};
  if (!file.valid() || read(file.get(), text, sizeof text - 1) <= 0) return std::numeric_limits<uint64_t>::max();
  const auto read_kib = [&](const char* name, uint64_t otherwise) {
    const char* line = std::strstr(text, name);
    return line == nullptr ? otherwise : std::strtoull(line + std::strlen(name), nullptr, 10);
  };
  constexpr uint64_t kUnknownKib = std::numeric_limits<uint64_t>::max() >> 11;
  return (read_kib("MemAvailable:", kUnknownKib) + read_kib("SwapFree:", 0)) << 10;
}

// Before anything is taken: an allocation that cannot end well would first use up the memory of the whole machine, and
// the kernel would kill other programs to go on with it.
Result<void> CheckRoom(int fd, uint64_t size) {
  struct statvfs room;
  if (fstatvfs(fd, &room) != 0) return LastError("fstatvfs");
  // No blocks: a file system without a limit of its own.
  if (room.f_blocks > 0 && size > static_cast<uint64_t>(room.f_bavail) * room.f_frsize) {
    return Error{ENOSPC, "posix_fallocate"};
  }
  if (size > AvailableMemory()) return Error{ENOMEM, "posix_fallocate"};
  return {};
}

Result<void> Reserve(int fd, uint64_t size) {
  const Result<void> room = CheckRoom(fd, size);
  if (!room.ok()) return room;
  // The whole size at once: whoever attaches meanwhile must not see a part of it.
  while (ftruncate(fd, static_cast<off_t>(size)) != 0) {
    if (errno != EINTR) return LastError("ftruncate");
  }
  for (uint64_t offset = 0; offset < size;) {
    const uint64_t piece = std::min(kReservePieceBytes, size - offset);
    const int number = posix_fallocate(fd, static_cast<off_t>(offset), static_cast<off_t>(piece));
    if (number == 0) {
      offset += piece;
    } else if (number != EINTR) {
      return Error{number, "posix_fallocate"};
    }
  }
  return {};
}

Result<UniqueFd> Open(const std::string& name, int flags, mode_t mode) {
  // A byte 0 would cut the name short and open another one.
  if (name.find('\0') != std::string::npos) return Error{EINVAL, "shm_open"};
  for (;;) {
    UniqueFd fd(shm_open(name.c_str(), flags, mode));
    if (fd.valid()) return fd;
    if (errno != EINTR) return LastError("shm_open");
  }
}

}  // namespace

Result<UniqueFd> CreateSharedMemory(const std::string& name, uint64_t size, mode_t mode) {
  if (size == 0 || size > static_cast<uint64_t>(std::numeric_limits<off_t>::max())) {
    return Error{EINVAL, "ftruncate"};
  }
  Result<UniqueFd> fd = Open(name, O_RDWR | O_CREAT | O_EXCL, mode);
  if (!fd.ok()) return fd;
  const Result<void> reserved = Reserve(fd.value().get(), size);
  if (reserved.ok()) return fd;
  shm_unlink(name.c_str());
  return reserved.error();
}

Result<UniqueFd> AttachSharedMemory(const std::string& name) { return Open(name, O_RDWR, 0); }

Result<uint64_t> SharedMemorySize(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return LastError("fstat");
  return static_cast<uint64_t>(status.st_size);
}

Result<void> UnlinkSharedMemory(const std::string& name) {
  if (name.find('\0') != std::string::npos) return Error{EINVAL, "shm_unlink"};
  if (shm_unlink(name.c_str()) != 0) return LastError("shm_unlink");
  return {};
}

}  // namespace forkyard::os
