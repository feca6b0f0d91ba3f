// os/huge_text.h: the code of this program goes on while it is exchanged, in this process and its copies.
#include "os/huge_text.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include "os/memory_map.h"
#include "support.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

constexpr size_t kHugePage = size_t{2} << 20;

// A program of which there is enough: a file of many functions, each of which returns its number.
class Program {
 public:
  static constexpr size_t kBytes = 3 * kHugePage;
  static constexpr size_t kFunction = 16;

  Program() {
    // mov eax, number; ret. Or, on arm64: movz w0, low; movk w0, high; ret.
    std::string code(kBytes, '\0');
    for (size_t at = 0; at < kBytes; at += kFunction) Write(code.data() + at, static_cast<uint32_t>(at));
    char path[] = "/tmp/forkyard-text-XXXXXX";
    const int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    unlink(path);
    REQUIRE(write(fd, code.data(), code.size()) == static_cast<ssize_t>(code.size()));
    // Not at a whole huge page: only what lies between two of them can be exchanged.
    base_ = static_cast<char*>(mmap(nullptr, kBytes, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
    REQUIRE(base_ != MAP_FAILED);
    close(fd);
  }
  ~Program() { munmap(base_, kBytes); }

  uint32_t Call(size_t at) const { return reinterpret_cast<uint32_t (*)()>(base_ + at)(); }
  bool IsWhole(size_t step = kFunction) const {
    for (size_t at = 0; at < kBytes; at += step) {
      if (Call(at) != at) return false;
    }
    return true;
  }
  const void* code() const { return base_ + kBytes / 2; }

 private:
  static void Write(char* to, uint32_t number) {
#if defined(__x86_64__)
    to[0] = '\xb8';
    std::memcpy(to + 1, &number, 4);
    to[5] = '\xc3';
#else
    const uint32_t words[] = {0x52800000 | (number & 0xffff) << 5, 0x72a00000 | (number >> 16) << 5, 0xd65f03c0};
    std::memcpy(to, words, sizeof(words));
#endif
  }

  char* base_;
};

// How much of the mappings of this process is anonymous, in bytes.
size_t AnonymousBytes(bool only_code = false) {
  auto map = os::ReadMemoryMap();
  REQUIRE_OK(map);
  size_t bytes = 0;
  for (const os::MappedRange& range : map.value()) {
    if (range.is_file || range.is_kernels || (only_code && range.access[2] != 'x')) continue;
    bytes += range.end - range.start;
  }
  return bytes;
}

size_t AnonymousCode() { return AnonymousBytes(true); }

bool AreThereHugePages() {
  std::string modes;
  std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), modes);
  return modes.find("[always]") != std::string::npos || modes.find("[madvise]") != std::string::npos;
}

TEST(code_runs_on_while_it_moves_and_in_copies) {
  const Program program;
  std::atomic<bool> is_over = false, is_whole = true;
  std::thread runner([&] {
    while (!is_over) is_whole = is_whole && program.IsWhole(4096);
  });
  const size_t before = AnonymousCode();
  std::unique_ptr<os::HugeText> text = os::HugeText::Of(program.code());
  REQUIRE(text != nullptr);
  int steps = 0;
  while (text->Step()) steps++;
  text.reset();
  const size_t moved = AnonymousCode() - before;
  // All the pages or none: fragmented memory has none, and then nothing has changed.
  CHECK(moved == 0 || moved == kHugePage * static_cast<size_t>(steps));
  if (AreThereHugePages()) CHECK(moved >= kHugePage);
  CHECK(program.IsWhole());
  const pid_t pid = fork();
  if (pid == 0) _exit(program.IsWhole() ? 0 : 1);
  int status = -1;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
  is_over = true;
  runner.join();
  CHECK(is_whole);
}

TEST(giving_up_half_way_changes_nothing) {
  const Program program;
  const size_t before = AnonymousCode();
  std::unique_ptr<os::HugeText> text = os::HugeText::Of(program.code());
  REQUIRE(text != nullptr);
  (void)text->Step();
  text.reset();
  CHECK(AnonymousCode() == before);
  CHECK(program.IsWhole());
}

TEST(where_there_are_no_huge_pages_nothing_is_left_behind) {
  const Program program;
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    std::unique_ptr<os::HugeText> text = os::HugeText::Of(program.code());
    const size_t before = AnonymousBytes();
    const bool goes_on = text->Step();
    // The list itself is read into memory of its own.
    _exit(!goes_on && AnonymousBytes() < before + kHugePage && program.IsWhole() ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
}

TEST(what_is_no_files_code_is_left_alone) {
  void* data = mmap(nullptr, 3 * kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(data != MAP_FAILED);
  CHECK(os::HugeText::Of(data) == nullptr);
  munmap(data, 3 * kHugePage);
  CHECK(os::HugeText::Of(nullptr) == nullptr);
}

}  // namespace
