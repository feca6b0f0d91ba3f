// os/record_lock: the liveness token. The kernel drops it at the very death, a forked child does not inherit it.
#include "os/record_lock.h"

#include "support.h"

using namespace forkyard;
using namespace forkyard::os;
using namespace forkyard::test;

namespace {

UniqueFd LockFile() {
  Result<UniqueFd> fd = CreateMemfd("locks", kMaxSlots);
  REQUIRE_OK(fd);
  return fd.take();
}

bool Held(int fd, uint64_t byte) {
  Result<bool> held = ByteHeldByOther(fd, byte);
  REQUIRE_OK(held);
  return held.value();
}

// A child that has locked the byte and sleeps.
Child ForkHolder(int fd, uint64_t byte, const SharedWords& ready) {
  Child child = ForkChild([&, fd, byte] {
    REQUIRE_OK(LockByte(fd, byte));
    ready[0].store(1);
    for (;;) pause();
  });
  CHECK(Eventually([&] { return ready[0].load() == 1; }));
  ready[0].store(0);
  return child;
}

}  // namespace

TEST(a_byte_has_one_holder_and_others_see_it) {
  UniqueFd fd = LockFile();
  SharedWords ready(1);
  Child holder = ForkHolder(fd.get(), 7, ready);
  CHECK(Held(fd.get(), 7));
  CHECK(!Held(fd.get(), 6));
  CHECK(!Held(fd.get(), 8));
  Result<void> refused = LockByte(fd.get(), 7);
  CHECK(!refused && (refused.error().number == EAGAIN || refused.error().number == EACCES));
  CHECK_OK(LockByte(fd.get(), 8));
}

TEST(a_zombie_holds_nothing) {
  UniqueFd fd = LockFile();
  SharedWords ready(1);
  Child holder = ForkHolder(fd.get(), 0, ready);
  holder.Kill(SIGKILL);
  siginfo_t info{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(holder.pid()), &info, WEXITED | WNOWAIT) == 0);
  // Not reaped: it is a zombie, and what tells of its end tells of the token too.
  CHECK(!Held(fd.get(), 0));
  CHECK_OK(LockByte(fd.get(), 0));
  CHECK_SIGNALED(holder.Wait(), SIGKILL);
}

TEST(a_stopped_process_keeps_its_byte) {
  UniqueFd fd = LockFile();
  SharedWords ready(1);
  Child holder = ForkHolder(fd.get(), 3, ready);
  holder.Kill(SIGSTOP);
  siginfo_t info{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(holder.pid()), &info, WSTOPPED | WNOWAIT) == 0);
  CHECK(Held(fd.get(), 3));
  CHECK(!LockByte(fd.get(), 3).ok());
}

TEST(a_forked_child_does_not_inherit_it_and_cannot_drop_it) {
  UniqueFd fd = LockFile();
  REQUIRE_OK(LockByte(fd.get(), 5));
  Child child = ForkChild([&] {
    CHECK(Held(fd.get(), 5));
    CHECK(!LockByte(fd.get(), 5).ok());
    CHECK_OK(UnlockByte(fd.get(), 5));
    close(fd.get());
  });
  CHECK_EXITED(child.Wait(), 0);
  Child other = ForkChild([&] { CHECK(Held(fd.get(), 5)); });
  CHECK_EXITED(other.Wait(), 0);
}

TEST(it_goes_with_its_process_even_if_children_have_the_file_open) {
  UniqueFd fd = LockFile();
  SharedWords ready(2);
  Child holder = ForkChild([&] {
    REQUIRE_OK(LockByte(fd.get(), 9));
    if (fork() == 0) {
      ready[1].store(static_cast<uint64_t>(getpid()));
      for (;;) pause();
    }
    while (ready[1].load() == 0) usleep(500);
    ready[0].store(1);
    for (;;) pause();
  });
  REQUIRE(Eventually([&] { return ready[0].load() == 1; }));
  CHECK(Held(fd.get(), 9));
  holder.Kill(SIGKILL);
  holder.Wait();
  CHECK(!Held(fd.get(), 9));
  kill(static_cast<pid_t>(ready[1].load()), SIGKILL);
}

TEST(a_process_does_not_see_its_own) {
  UniqueFd fd = LockFile();
  REQUIRE_OK(LockByte(fd.get(), 1));
  CHECK(!Held(fd.get(), 1));
  CHECK_OK(LockByte(fd.get(), 1));  // once more is nothing more
  CHECK_OK(UnlockByte(fd.get(), 1));
  SharedWords ready(1);
  Child holder = ForkHolder(fd.get(), 1, ready);
  CHECK(Held(fd.get(), 1));
}

// Why the file is opened once and never closed.
TEST(closing_any_descriptor_of_the_file_drops_it) {
  UniqueFd fd = LockFile();
  SharedWords step(2);
  Child holder = ForkChild([&] {
    REQUIRE_OK(LockByte(fd.get(), 2));
    step[0].store(1);
    while (step[1].load() == 0) usleep(500);
    close(dup(fd.get()));
    step[0].store(2);
    for (;;) pause();
  });
  REQUIRE(Eventually([&] { return step[0].load() == 1; }));
  CHECK(Held(fd.get(), 2));
  step[1].store(1);
  REQUIRE(Eventually([&] { return step[0].load() == 2; }));
  CHECK(!Held(fd.get(), 2));
}

TEST(a_bad_descriptor_is_an_error_not_an_answer) {
  CHECK_ERRNO(LockByte(-1, 0), EBADF);
  CHECK_ERRNO(UnlockByte(-1, 0), EBADF);
  CHECK_ERRNO(ByteHeldByOther(-1, 0), EBADF);
}
