// os/hot_pages.h: what one copy of this process has written to, the next finds copied.
#include "os/hot_pages.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include "support.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

constexpr size_t kPages = 256;

struct Memory {
  Memory() : page(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
    start = static_cast<char*>(
        mmap(nullptr, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(start != MAP_FAILED);
    for (size_t i = 0; i < kPages; i++) start[i * page] = 1;
  }
  ~Memory() { munmap(start, kPages * page); }

  // Every third page, and how many faults that took.
  long Write() const {
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    for (size_t i = 0; i < kPages; i += 3) start[i * page] = 2;
    getrusage(RUSAGE_SELF, &after);
    return after.ru_minflt - before.ru_minflt;
  }

  size_t page;
  char* start;
};

// The exit status of a copy that does this.
int InCopy(const std::function<int()>& act) {
  const pid_t pid = fork();
  if (pid == 0) _exit(act());
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

// A copy that writes to it, after what else it does, and is learnt from.
void LearnFrom(const Memory& memory, os::HotPages& pages, const std::function<void()>& act = [] {}) {
  InCopy([&] {
    act();
    memory.Write();
    pages.Learn();
    return 0;
  });
}

// How many faults the same takes in a copy that has copied beforehand; 250 stand for more.
int FaultsAfterPopulating(const Memory& memory, const os::HotPages& pages) {
  return InCopy([&] {
    pages.Populate();
    return static_cast<int>(std::min<long>(memory.Write(), 250));
  });
}

TEST(a_copy_finds_copied_what_an_earlier_one_wrote_to) {
  const Memory memory;
  const std::unique_ptr<os::HotPages> pages = os::HotPages::Create();
  REQUIRE(pages != nullptr);
  CHECK(FaultsAfterPopulating(memory, *pages) >= static_cast<int>(kPages / 3));
  LearnFrom(memory, *pages);
  // A page or two of the stack may be among them.
  CHECK(FaultsAfterPopulating(memory, *pages) < 10);
  // And nothing but the time has changed.
  CHECK(InCopy([&] {
          pages->Populate();
          for (size_t i = 0; i < kPages; i++) {
            if (memory.start[i * memory.page] != 1) return 1;
          }
          return 0;
        }) == 0);
}

TEST(who_has_written_to_very_much_is_no_example) {
  const Memory memory;
  const std::unique_ptr<os::HotPages> pages = os::HotPages::Create();
  REQUIRE(pages != nullptr);
  LearnFrom(memory, *pages, [&] {
    constexpr size_t kMuch = size_t{32} << 20;
    char* much = static_cast<char*>(mmap(nullptr, kMuch, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (size_t at = 0; at < kMuch; at += memory.page) much[at] = 1;
  });
  CHECK(FaultsAfterPopulating(memory, *pages) >= static_cast<int>(kPages / 3));
  LearnFrom(memory, *pages);
  CHECK(FaultsAfterPopulating(memory, *pages) < 10);
}

// The address sanitizer would look at a page of its own for each.
__attribute__((no_sanitize_address)) void ReadEach(const volatile char* start, size_t count, size_t bytes) {
  for (size_t i = 0; i < count; i++) (void)start[i * bytes];
}

TEST(a_copy_finds_mapped_what_an_earlier_one_read_of_a_file) {
  // Each fault maps sixteen pages: one is read of each thirty-two.
  constexpr size_t kStep = 32;
  constexpr size_t kReads = 64;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  // In memory: a file system may keep it in larger pieces.
  const int fd = memfd_create("forkyard-pages", MFD_CLOEXEC);
  REQUIRE(fd >= 0);
  const std::string text(kReads * kStep * page, 'a');
  REQUIRE(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  void* mapped = mmap(nullptr, text.size(), PROT_READ, MAP_PRIVATE, fd, 0);
  REQUIRE(mapped != MAP_FAILED);
  close(fd);
  const auto* file = static_cast<const volatile char*>(mapped);
  const auto read_all = [&] {
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    ReadEach(file, kReads, kStep * page);
    getrusage(RUSAGE_SELF, &after);
    return static_cast<int>(after.ru_minflt - before.ru_minflt);
  };
  const std::unique_ptr<os::HotPages> pages = os::HotPages::Create();
  REQUIRE(pages != nullptr);
  const auto faults = [&] {
    return InCopy([&] {
      pages->Populate();
      return read_all();
    });
  };
  CHECK(faults() >= static_cast<int>(kReads) / 2);
  InCopy([&] {
    read_all();
    pages->Learn();
    return 0;
  });
  CHECK(faults() < 10);
  munmap(mapped, text.size());
}

TEST(pages_that_are_gone_are_no_loss) {
  const std::unique_ptr<os::HotPages> pages = os::HotPages::Create();
  REQUIRE(pages != nullptr);
  LearnFrom(Memory(), *pages);
  CHECK(InCopy([&] {
          pages->Populate();
          return 0;
        }) == 0);
}

}  // namespace
