// BellSocket: an abstract datagram socket that an event loop can poll, and that any process that knows its name can
// ring. An eventfd will not do: a third process cannot open it. When to ring is parking/.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "os/fd.h"
#include "os/result.h"

namespace forkyard::os {

// An abstract name has no file, so nothing is left behind. The names come from getrandom: nobody can take one
// in advance, and whoever reads it in /proc/net/unix can only cause a spurious wake-up.
inline socklen_t BellAddress(const char* name, size_t length, sockaddr_un* address) {
  std::memset(address, 0, sizeof(*address));
  address->sun_family = AF_UNIX;
  std::memcpy(address->sun_path + 1, name, length);
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
}

inline Result<UniqueFd> OpenBellSocket(const char* name, size_t length) {
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return LastError("socket");
  sockaddr_un address;
  socklen_t size = BellAddress(name, length, &address);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return LastError("bind");
  return fd;
}

// For who has no bell of its own at hand: one to ring others from. Invalid where there is no descriptor left.
inline UniqueFd OpenRingerSocket() { return UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

// A full queue (EAGAIN) means that wake-ups are waiting already; a vanished peer (ECONNREFUSED) has nobody to wake.
// Neither is an error for the ringer. Every bell socket is nonblocking, so a stopped peer never stops the ringer.
inline Result<void> RingBellSocket(int from_fd, const char* name, size_t length) {
  sockaddr_un address;
  socklen_t size = BellAddress(name, length, &address);
  char byte = 1;
  for (;;) {
    if (sendto(from_fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&address), size) == 1) {
      return {};
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == ECONNREFUSED || errno == ENOENT || errno == ENOBUFS) return {};
    return LastError("sendto");
  }
}

inline void DrainBellSocket(int fd) {
  char sink[8];
  while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) >= 0 || errno == EINTR) {
  }
}

}  // namespace forkyard::os
