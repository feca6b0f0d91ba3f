// os/shm: names, sizes, and a /dev/shm that is full. CPython as the other side is test/native-binding/.
#include "os/shm.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cstring>
#include <thread>

#include "check.h"
#include "os/mapping.h"

using namespace forkyard::os;
using forkyard::test::Child;
using forkyard::test::ForkChild;

namespace {

std::string TestName(const char* what) { return "/fy-shm-" + std::to_string(getpid()) + "-" + what; }

// Sends this thread signals that no system call is restarted after, as fast as it can, while it lives.
class Disturber {
 public:
  Disturber() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, nullptr);
    thread_ = std::thread([this, target = pthread_self()] {
      while (!stop_.load()) pthread_kill(target, SIGUSR1);
    });
  }
  ~Disturber() {
    stop_.store(true);
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace

TEST(two_processes_see_the_same_bytes) {
  const std::string name = TestName("bytes");
  auto created = CreateSharedMemory(name, 10000);
  REQUIRE_OK(created);
  auto mapping = Mapping::MapShared(created.value().get(), 10000);
  REQUIRE_OK(mapping);
  std::memcpy(mapping.value().data() + 9990, "to child", 9);

  Child child = ForkChild([&] {
    auto attached = AttachSharedMemory(name);
    REQUIRE_OK(attached);
    auto size = SharedMemorySize(attached.value().get());
    REQUIRE_OK(size);
    CHECK_EQ(size.value(), 10000);
    auto view = Mapping::MapShared(attached.value().get(), size.value());
    REQUIRE_OK(view);
    CHECK_EQ(std::string(reinterpret_cast<char*>(view.value().data()) + 9990), "to child");
    std::memcpy(view.value().data(), "to parent", 10);
  });
  CHECK_EXITED(child.Wait(), 0);
  CHECK_EQ(std::string(reinterpret_cast<char*>(mapping.value().data())), "to parent");
  CHECK_OK(UnlinkSharedMemory(name));
  CHECK_ERRNO(AttachSharedMemory(name), ENOENT);
}

TEST(a_taken_name_is_refused_and_left_alone) {
  const std::string name = TestName("taken");
  auto first = CreateSharedMemory(name, 4096);
  REQUIRE_OK(first);
  CHECK_ERRNO(CreateSharedMemory(name, 8192), EEXIST);
  auto again = AttachSharedMemory(name);
  CHECK_OK(again);
  CHECK_EQ(SharedMemorySize(again.value().get()).value(), 4096);
  CHECK_OK(UnlinkSharedMemory(name));
  CHECK_ERRNO(UnlinkSharedMemory(name), ENOENT);
}

TEST(impossible_sizes_and_names_are_errors_and_leave_no_name) {
  const std::string name = TestName("bad");
  CHECK_ERRNO(CreateSharedMemory(name, 0), EINVAL);
  CHECK_ERRNO(CreateSharedMemory(name, ~0ull), EINVAL);
  CHECK_ERRNO(AttachSharedMemory(name), ENOENT);
  CHECK_ERRNO(CreateSharedMemory("/a/b", 10), EINVAL);
  CHECK_ERRNO(CreateSharedMemory(name + std::string("\0x", 2), 10), EINVAL);
  CHECK_ERRNO(UnlinkSharedMemory(name + std::string("\0x", 2)), EINVAL);
  // EINVAL from glibc, ENAMETOOLONG from musl.
  CHECK(!CreateSharedMemory("/" + std::string(300, 'n'), 10).ok());
}

TEST(the_descriptor_is_closed_on_exec) {
  const std::string name = TestName("exec");
  auto created = CreateSharedMemory(name, 100);
  REQUIRE_OK(created);
  CHECK((fcntl(created.value().get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK_OK(UnlinkSharedMemory(name));
}

TEST(more_than_the_machine_has_is_an_error_before_anything_is_taken) {
  constexpr int kNoNamespace = 7;
  Child child = ForkChild([] {
    // Were it not refused in time, this makes an error of it instead of the end of the machine.
    const rlimit limit{1 << 20, 1 << 20};
    signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHECK_ERRNO(CreateSharedMemory("/fy-shm-much", 1ull << 50), ENOSPC);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("shm", "/dev/shm", "tmpfs", 0, "size=0") != 0) {
      return kNoNamespace;
    }
    CHECK_ERRNO(CreateSharedMemory("/fy-shm-much", 1ull << 50), ENOMEM);
    CHECK_ERRNO(AttachSharedMemory("/fy-shm-much"), ENOENT);
    return 0;
  });
  const int status = child.Wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoNamespace) SKIP("needs the right to mount another /dev/shm");
  CHECK_EXITED(status, 0);
}

TEST(a_full_dev_shm_is_an_error_at_creation_not_a_fault_at_first_touch) {
  constexpr int kNoNamespace = 7;
  Child child = ForkChild([] {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("shm", "/dev/shm", "tmpfs", 0, "size=1m") != 0) {
      return kNoNamespace;
    }
    CHECK_ERRNO(CreateSharedMemory("/large", 2 << 20), ENOSPC);
    CHECK_ERRNO(AttachSharedMemory("/large"), ENOENT);
    // What the failed creation had taken is free again.
    auto fits = CreateSharedMemory("/fits", 1 << 20);
    REQUIRE_OK(fits);
    auto mapping = Mapping::MapShared(fits.value().get(), 1 << 20);
    REQUIRE_OK(mapping);
    std::memset(mapping.value().data(), 1, 1 << 20);
    CHECK_ERRNO(CreateSharedMemory("/more", 1), ENOSPC);
    return 0;
  });
  const int status = child.Wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoNamespace) SKIP("needs the right to mount a small /dev/shm");
  CHECK_EXITED(status, 0);
}

TEST(signals_do_not_break_a_large_reservation) {
  const std::string name = TestName("signals");
  auto created = [&] {
    Disturber disturber;
    return CreateSharedMemory(name, 64ull << 20);
  }();
  REQUIRE_OK(created);
  struct stat status;
  REQUIRE(fstat(created.value().get(), &status) == 0);
  CHECK_EQ(status.st_blocks * 512, 64ll << 20);
  CHECK_OK(UnlinkSharedMemory(name));
}
