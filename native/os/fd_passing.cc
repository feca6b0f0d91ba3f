// sendmsg and recvmsg with SCM_RIGHTS: partial sends, truncated control data, interruptions. The contract is in
// fd_passing.h.
#include "os/fd_passing.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace forkyard::os {

namespace {

constexpr size_t kControlBytes = CMSG_SPACE(sizeof(int) * kMaxPassedFds);

struct alignas(cmsghdr) ControlBuffer {
  std::array<uint8_t, kControlBytes> bytes;
};

void AttachFds(msghdr& message, ControlBuffer& control, std::span<const int> fds) {
  if (fds.empty()) return;
  // Padding included: the kernel and valgrind read it.
  control.bytes.fill(0);
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
}

std::vector<UniqueFd> TakeFds(msghdr& message) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
  return fds;
}

Result<void> WaitWritable(int socket) {
  pollfd entry{socket, POLLOUT, 0};
  while (poll(&entry, 1, -1) < 0) {
    if (errno != EINTR) return LastError("poll");
  }
  return {};
}

}  // namespace

Result<void> SendWithFds(int socket, std::span<const int> fds, std::span<const uint8_t> data) {
  if (data.empty() || fds.size() > kMaxPassedFds) return Error{EINVAL, "sendmsg"};
  ControlBuffer control;
  size_t sent = 0;
  while (sent < data.size()) {
    iovec bytes{const_cast<uint8_t*>(data.data()) + sent, data.size() - sent};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    if (sent == 0) AttachFds(message, control, fds);
    const ssize_t count = sendmsg(socket, &message, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<size_t>(count);
    } else if (sent > 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      const Result<void> writable = WaitWritable(socket);
      if (!writable.ok()) return writable;
    } else if (errno != EINTR) {
      return LastError("sendmsg");
    }
  }
  return {};
}

Result<ReceivedMessage> ReceiveWithFds(int socket, std::span<uint8_t> buffer, OnFdShortage on_shortage) {
  if (buffer.empty()) return Error{EINVAL, "recvmsg"};
  ControlBuffer control;
  iovec bytes{buffer.data(), buffer.size()};
  msghdr message{};
  ssize_t count;
  do {
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return LastError("recvmsg");

  ReceivedMessage received{static_cast<size_t>(count), TakeFds(message)};
  // The buffer holds the largest set there is, so only the table of descriptors can have been too small.
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    if (on_shortage == OnFdShortage::kFail) return Error{EMFILE, "recvmsg"};
    received.fds.clear();
  }
  if ((message.msg_flags & MSG_TRUNC) != 0) return Error{EMSGSIZE, "recvmsg"};
  return received;
}

}  // namespace forkyard::os
