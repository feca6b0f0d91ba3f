// os/fd_passing: several descriptors at once, long messages, full tables of descriptors, no descriptor lost or leaked.
#include "os/fd_passing.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "check.h"

using namespace forkyard::os;
using forkyard::test::Child;
using forkyard::test::ForkChild;

namespace {

struct SocketPair {
  explicit SocketPair(int type) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0);
    a.reset(ends[0]);
    b.reset(ends[1]);
  }
  UniqueFd a, b;
};

int CountOpenFds() {
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) count++;
  closedir(directory);
  return count;
}

UniqueFd OpenNull() { return UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)); }

bool SameFile(int a, int b) {
  struct stat left, right;
  return fstat(a, &left) == 0 && fstat(b, &right) == 0 && left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

const std::vector<uint8_t> kHello{'h', 'e', 'l', 'l', 'o'};

}  // namespace

TEST(several_descriptors_and_their_bytes_reach_another_process) {
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM}) {
    SocketPair sockets(type);
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    UniqueFd read_end(pipe_ends[0]), write_end(pipe_ends[1]);
    Child child = ForkChild([&] {
      std::vector<uint8_t> buffer(100);
      auto received = ReceiveWithFds(sockets.b.get(), buffer);
      REQUIRE_OK(received);
      CHECK_EQ(received.value().size, 5);
      CHECK_EQ(std::string(buffer.begin(), buffer.begin() + 5), "hello");
      REQUIRE(received.value().fds.size() == 2);
      CHECK((fcntl(received.value().fds[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
      CHECK(SameFile(received.value().fds[1].get(), read_end.get()));
      CHECK(write(received.value().fds[0].get(), "up", 2) == 2);
    });
    CHECK_OK(SendWithFds(sockets.a.get(), std::vector<int>{write_end.get(), read_end.get()}, kHello));
    char text[3] = {};
    CHECK_EQ(read(read_end.get(), text, 2), 2);
    CHECK_EQ(std::string(text), "up");
    CHECK_EXITED(child.Wait(), 0);
  }
}

TEST(as_many_descriptors_as_the_kernel_takes_and_no_more) {
  SocketPair sockets(SOCK_SEQPACKET);
  const UniqueFd null = OpenNull();
  const int before = CountOpenFds();
  CHECK_OK(SendWithFds(sockets.a.get(), std::vector<int>(kMaxPassedFds, null.get()), kHello));
  CHECK_ERRNO(SendWithFds(sockets.a.get(), std::vector<int>(kMaxPassedFds + 1, null.get()), kHello), EINVAL);
  {
    std::vector<uint8_t> buffer(5);
    auto received = ReceiveWithFds(sockets.b.get(), buffer);
    REQUIRE_OK(received);
    CHECK_EQ(received.value().fds.size(), kMaxPassedFds);
    for (const UniqueFd& fd : received.value().fds) CHECK(SameFile(fd.get(), null.get()));
  }
  CHECK_EQ(CountOpenFds(), before);
}

TEST(no_descriptors_is_an_ordinary_message_and_a_closed_peer_is_size_zero) {
  SocketPair sockets(SOCK_STREAM);
  CHECK_OK(SendWithFds(sockets.a.get(), {}, kHello));
  sockets.a.reset();
  std::vector<uint8_t> buffer(10);
  auto received = ReceiveWithFds(sockets.b.get(), buffer);
  REQUIRE_OK(received);
  CHECK_EQ(received.value().size, 5);
  CHECK_EQ(received.value().fds.size(), 0);
  auto end = ReceiveWithFds(sockets.b.get(), buffer);
  REQUIRE_OK(end);
  CHECK_EQ(end.value().size, 0);
}

TEST(bad_arguments_are_errors) {
  SocketPair sockets(SOCK_STREAM);
  CHECK_ERRNO(SendWithFds(sockets.a.get(), std::vector<int>{0}, {}), EINVAL);
  CHECK_ERRNO(SendWithFds(sockets.a.get(), std::vector<int>{-1}, kHello), EBADF);
  CHECK_ERRNO(SendWithFds(-1, {}, kHello), EBADF);
  CHECK_ERRNO(ReceiveWithFds(sockets.a.get(), {}), EINVAL);
  const UniqueFd null = OpenNull();
  CHECK_ERRNO(SendWithFds(null.get(), {}, kHello), ENOTSOCK);
}

TEST(sending_to_a_closed_peer_is_an_error_not_a_signal) {
  SocketPair sockets(SOCK_STREAM);
  sockets.b.reset();
  CHECK_ERRNO(SendWithFds(sockets.a.get(), {}, kHello), EPIPE);
}

TEST(a_non_blocking_socket_says_that_nothing_is_there_or_fits) {
  SocketPair sockets(SOCK_SEQPACKET | SOCK_NONBLOCK);
  std::vector<uint8_t> buffer(10);
  CHECK_ERRNO(ReceiveWithFds(sockets.b.get(), buffer), EAGAIN);
  Result<void> sent;
  int count = 0;
  while ((sent = SendWithFds(sockets.a.get(), {}, kHello)).ok()) count++;
  CHECK(count > 0);
  CHECK_ERRNO(sent, EAGAIN);
}

TEST(a_long_message_over_a_non_blocking_stream_arrives_whole_with_its_descriptors_once) {
  SocketPair sockets(SOCK_STREAM | SOCK_NONBLOCK);
  const UniqueFd null = OpenNull();
  std::vector<uint8_t> data(4 << 20);
  for (size_t i = 0; i < data.size(); i++) data[i] = static_cast<uint8_t>(i * 31 >> 3);
  Child child = ForkChild([&] {
    sockets.a.reset();
    fcntl(sockets.b.get(), F_SETFL, 0);
    std::vector<uint8_t> got, buffer(70000);
    size_t fds = 0;
    for (;;) {
      auto received = ReceiveWithFds(sockets.b.get(), buffer);
      REQUIRE_OK(received);
      if (received.value().size == 0) break;
      fds += received.value().fds.size();
      got.insert(got.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(received.value().size));
    }
    CHECK(got == data);
    CHECK_EQ(fds, 2);
  });
  CHECK_OK(SendWithFds(sockets.a.get(), std::vector<int>{null.get(), null.get()}, data));
  sockets.a.reset();
  CHECK_EXITED(child.Wait(), 0);
}

TEST(two_messages_on_a_stream_keep_their_descriptors_apart) {
  SocketPair sockets(SOCK_STREAM);
  const UniqueFd null = OpenNull();
  CHECK_OK(SendWithFds(sockets.a.get(), std::vector<int>{null.get()}, kHello));
  CHECK_OK(SendWithFds(sockets.a.get(), std::vector<int>{null.get(), null.get()}, kHello));
  std::vector<uint8_t> buffer(100);
  auto first = ReceiveWithFds(sockets.b.get(), buffer);
  auto second = ReceiveWithFds(sockets.b.get(), buffer);
  REQUIRE_OK(first);
  REQUIRE_OK(second);
  CHECK_EQ(first.value().size, 5);
  CHECK_EQ(first.value().fds.size(), 1);
  CHECK_EQ(second.value().fds.size(), 2);
}

TEST(a_receiver_without_room_for_all_descriptors_gets_an_error_and_keeps_none) {
  Child child = ForkChild([] {
    SocketPair sockets(SOCK_SEQPACKET);
    const UniqueFd null = OpenNull();
    CHECK_OK(SendWithFds(sockets.a.get(), std::vector<int>(20, null.get()), kHello));
    const int before = CountOpenFds();
    // Room for five more, whatever else is open.
    const rlimit few{static_cast<rlim_t>(null.get() + 6), static_cast<rlim_t>(null.get() + 6)};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
    std::vector<uint8_t> buffer(100);
    CHECK_ERRNO(ReceiveWithFds(sockets.b.get(), buffer), EMFILE);
    CHECK_EQ(CountOpenFds(), before);
  });
  CHECK_EXITED(child.Wait(), 0);
}

TEST(a_datagram_larger_than_the_buffer_is_an_error_and_its_descriptors_are_closed) {
  SocketPair sockets(SOCK_DGRAM);
  const UniqueFd null = OpenNull();
  const int before = CountOpenFds();
  CHECK_OK(SendWithFds(sockets.a.get(), std::vector<int>{null.get()}, kHello));
  std::vector<uint8_t> buffer(3);
  CHECK_ERRNO(ReceiveWithFds(sockets.b.get(), buffer), EMSGSIZE);
  CHECK_EQ(CountOpenFds(), before);
}
