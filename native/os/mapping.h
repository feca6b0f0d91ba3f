// A shared mapping of a whole file, and giving its pages back. Who may use which part of it is memory/.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>

#include <cstdint>
#include <utility>

#include "os/result.h"

namespace forkyard::os {

class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (data_ != nullptr) munmap(data_, size_);
  }

  // MAP_NORESERVE: the file is sparse and far larger than what will ever be touched. MADV_DONTDUMP: writing a core of it
  // would fill its holes, and the memory of the machine.
  static Result<Mapping> MapShared(int fd, uint64_t size) {
    void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (data == MAP_FAILED) return LastError("mmap");
    (void)madvise(data, size, MADV_DONTDUMP);
    Mapping mapping;
    mapping.data_ = static_cast<uint8_t*>(data);
    mapping.size_ = size;
    return mapping;
  }

  // Zeroes, which copies of this process share with it.
  static Result<Mapping> MapAnonymousShared(uint64_t size) {
    void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) return LastError("mmap");
    Mapping mapping;
    mapping.data_ = static_cast<uint8_t*>(data);
    mapping.size_ = size;
    return mapping;
  }

  uint8_t* data() const { return data_; }
  uint64_t size() const { return size_; }
  // A mapping that must live as long as the process (views of it may be anywhere).
  void Leak() { data_ = nullptr; }

 private:
  uint8_t* data_ = nullptr;
  uint64_t size_ = 0;
};

// Gives the pages of [offset, offset + length) back to the system; they read as zero afterwards, in every process.
inline Result<void> PunchHole(int fd, uint64_t offset, uint64_t length) {
  if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                static_cast<off_t>(length)) != 0) {
    return LastError("fallocate(FALLOC_FL_PUNCH_HOLE)");
  }
  return {};
}

}  // namespace forkyard::os
