// os/memfd and os/mapping: sealed, sparse, close-on-exec; punched pages go back to the system and read as zeros.
#include "os/memfd.h"

#include <sys/stat.h>

#include "check.h"
#include "os/mapping.h"

using namespace forkyard::os;
using forkyard::test::Child;
using forkyard::test::ForkChild;

namespace {

constexpr uint64_t kMebibyte = 1ull << 20;

UniqueFd Create(uint64_t size) {
  Result<UniqueFd> fd = CreateMemfd("test", size);
  REQUIRE_OK(fd);
  return fd.take();
}

Mapping Map(int fd, uint64_t size) {
  Result<Mapping> mapping = Mapping::MapShared(fd, size);
  REQUIRE_OK(mapping);
  return mapping.take();
}

uint64_t ResidentBytes(int fd) {
  struct stat status;
  REQUIRE(fstat(fd, &status) == 0);
  return static_cast<uint64_t>(status.st_blocks) * 512;
}

}  // namespace

TEST(it_can_neither_shrink_nor_grow) {
  UniqueFd fd = Create(kMebibyte);
  CHECK(ftruncate(fd.get(), 4096) != 0);
  CHECK_EQ(errno, EPERM);
  CHECK(ftruncate(fd.get(), 2 * kMebibyte) != 0);
  CHECK_EQ(errno, EPERM);
  CHECK(fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE) != 0);
  struct stat status;
  REQUIRE(fstat(fd.get(), &status) == 0);
  CHECK_EQ(status.st_size, kMebibyte);
}

TEST(it_is_closed_by_exec_and_not_executable) {
  UniqueFd fd = Create(4096);
  CHECK((fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
  struct stat status;
  REQUIRE(fstat(fd.get(), &status) == 0);
  int probe = memfd_create("probe", MFD_NOEXEC_SEAL);
  if (probe < 0) SKIP("this kernel has no MFD_NOEXEC_SEAL");
  close(probe);
  CHECK_EQ(status.st_mode & 0111, 0);
}

// As much as the arena reserves. More is not to be had everywhere: ThreadSanitizer leaves little room.
TEST(sixty_four_gibibytes_cost_nothing_until_touched) {
  constexpr uint64_t kReserved = 64ull << 30;
  UniqueFd fd = Create(kReserved);
  CHECK_EQ(ResidentBytes(fd.get()), 0);
  Mapping mapping = Map(fd.get(), kReserved);
  mapping.data()[kReserved / 2] = 1;
  CHECK(ResidentBytes(fd.get()) > 0);
  CHECK(ResidentBytes(fd.get()) <= 2 * kMebibyte);
}


TEST(punched_pages_are_given_back_and_read_as_zeros_in_every_process) {
  UniqueFd fd = Create(4 * kMebibyte);
  Mapping mapping = Map(fd.get(), 4 * kMebibyte);
  std::memset(mapping.data(), 0xaa, 4 * kMebibyte);
  CHECK_EQ(ResidentBytes(fd.get()), 4 * kMebibyte);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  Child child = ForkChild([&] {
    char go;
    REQUIRE(read(ends[0], &go, 1) == 1);
    for (uint64_t at = kMebibyte; at < 2 * kMebibyte; at += 4093) CHECK_EQ(mapping.data()[at], 0);
    CHECK_EQ(mapping.data()[kMebibyte - 1], 0xaa);
    CHECK_EQ(mapping.data()[2 * kMebibyte], 0xaa);
  });
  CHECK_OK(PunchHole(fd.get(), kMebibyte, kMebibyte));
  CHECK_EQ(ResidentBytes(fd.get()), 3 * kMebibyte);
  REQUIRE(write(ends[1], "g", 1) == 1);
  CHECK_EXITED(child.Wait(), 0);
  close(ends[0]);
  close(ends[1]);
}

TEST(errors_name_the_call) {
  Result<void> punched = PunchHole(-1, 0, 4096);
  CHECK_ERRNO(punched, EBADF);
  CHECK_EQ(std::string(punched.error().syscall), "fallocate(FALLOC_FL_PUNCH_HOLE)");
  CHECK_ERRNO(Mapping::MapShared(-1, 4096), EBADF);
}

TEST(a_moved_mapping_is_unmapped_once) {
  UniqueFd fd = Create(4096);
  Mapping first = Map(fd.get(), 4096);
  uint8_t* data = first.data();
  data[0] = 7;
  Mapping second = std::move(first);
  CHECK(first.data() == nullptr);
  CHECK_EQ(second.data()[0], 7);
  Mapping third;
  third = std::move(second);
  CHECK_EQ(third.data()[0], 7);
  CHECK_EQ(third.size(), 4096);
}
