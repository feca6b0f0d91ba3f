// Files without a name that get one (O_TMPFILE, linkat), shm_open, ftruncate and posix_fallocate with the interruptions
// handled. The contract is in shm.h.
#include "os/shm.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace forkyard::os {

namespace {

// Where shm_open and sem_open of glibc and musl have them.
constexpr const char* kFolder = "/dev/shm";
constexpr const char* kMark = "user.forkyard";
constexpr size_t kMaxMarkBytes = 256;

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

std::string PathOf(const std::string& file) { return std::string(kFolder) + "/" + file; }

// The same on the stack, for signal handlers, who may not allocate. What is too long names nothing.
class PathOnStack {
 public:
  explicit PathOnStack(const char* file) {
    const size_t folder = std::strlen(kFolder);
    const size_t length = std::strlen(file);
    if (folder + 1 + length + 1 > sizeof(text_)) return;
    std::memcpy(text_, kFolder, folder);
    text_[folder] = '/';
    std::memcpy(text_ + folder + 1, file, length + 1);
  }
  const char* c_str() const { return text_; }

 private:
  char text_[NAME_MAX + 32] = {};
};

// The part after the slash; nothing if shm_open would refuse it.
Result<std::string> FileOfName(const std::string& name) {
  const std::string file = name.substr(0, 1) == "/" ? name.substr(1) : name;
  if (file.empty() || file == "." || file == ".." || file.find_first_of(std::string("/\0", 2)) != std::string::npos) {
    return Error{EINVAL, "shm_open"};
  }
  if (file.size() > NAME_MAX) return Error{ENAMETOOLONG, "shm_open"};
  return file;
}

Result<UniqueFd> OpenUnnamed(mode_t mode) {
  for (;;) {
    UniqueFd fd(::open(kFolder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
    if (fd.valid()) return fd;
    if (errno != EINTR) return LastError("open(O_TMPFILE)");
  }
}

Result<void> GiveName(int fd, const std::string& path) {
  char unnamed[40];
  std::snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", fd);
  if (linkat(AT_FDCWD, unnamed, AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) return LastError("linkat");
  return {};
}

}  // namespace

Result<UniqueFd> CreateSharedMemory(const std::string& name, uint64_t size, mode_t mode,
                                    const BeforeNamed& before_named) {
  if (size == 0 || size > static_cast<uint64_t>(std::numeric_limits<off_t>::max())) {
    return Error{EINVAL, "ftruncate"};
  }
  const Result<std::string> file = FileOfName(name);
  if (!file.ok()) return file.error();
  // Before memory is taken for nothing; it may be made meanwhile all the same.
  if (InodeOfFile(file.value().c_str()) != 0) return Error{EEXIST, "shm_open"};
  Result<UniqueFd> fd = OpenUnnamed(mode);
  if (!fd.ok()) return fd;
  if (const Result<void> reserved = Reserve(fd.value().get(), size); !reserved.ok()) return reserved.error();
  if (before_named) {
    if (const Result<void> done = before_named(fd.value().get()); !done.ok()) return done.error();
  }
  if (const Result<void> named = GiveName(fd.value().get(), PathOf(file.value())); !named.ok()) return named.error();
  // What was opened without a name would be shown as deleted by everything that lists mappings.
  Result<UniqueFd> by_name = Open(name, O_RDWR, 0);
  const Result<uint64_t> inode = by_name.ok() ? InodeOf(by_name.value().get()) : Result<uint64_t>(0);
  const Result<uint64_t> own = InodeOf(fd.value().get());
  return inode.ok() && own.ok() && inode.value() == own.value() ? std::move(by_name) : std::move(fd);
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

Result<uint64_t> InodeOf(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return LastError("fstat");
  return static_cast<uint64_t>(status.st_ino);
}

uint64_t InodeOfFile(const char* file) {
  struct stat status;
  return lstat(PathOnStack(file).c_str(), &status) == 0 ? static_cast<uint64_t>(status.st_ino) : 0;
}

void RemoveFile(const char* file) { (void)unlink(PathOnStack(file).c_str()); }

void WriteMark(int fd, const std::string& text) { (void)fsetxattr(fd, kMark, text.data(), text.size(), 0); }

std::string ReadMark(const std::string& file) {
  char text[kMaxMarkBytes];
  const ssize_t size = lgetxattr(PathOf(file).c_str(), kMark, text, sizeof(text));
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : std::string();
}

}  // namespace forkyard::os
