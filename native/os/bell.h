// BellSocket: an abstract datagram socket that an event loop can poll, and that any process of the family can ring. An eventfd
// will not do: a third process cannot open it. When to ring, and where the name is found, is parking/.
//
// Everybody on the machine can read the name in /proc/net/unix and send to it; a file mode does not exist. So the socket has
// a filter: the kernel drops every datagram that does not carry the socket's secret, within the sender's own call, before it
// takes a place in the queue or wakes anybody. Descriptors that a stranger passes are closed by the stranger, however long that takes.
// The secret is of this one socket: the name of a dead one may be taken by a stranger, whom ringers then tell it.
#pragma once

#include <arpa/inet.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

#include "os/fd.h"
#include "os/random.h"
#include "os/result.h"

namespace forkyard::os {

// What a datagram must consist of to be heard.
struct BellSecret {
  uint64_t words[2];
};

// An abstract name has no file, so nothing is left behind. `name` is random, so nobody can take it in advance.
inline socklen_t BellAddress(uint64_t name, sockaddr_un* address) {
  std::memset(address, 0, sizeof(*address));
  address->sun_family = AF_UNIX;
  const int length = std::snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "forkyard-%016llx",
                                   static_cast<unsigned long long>(name));
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(length));
}

// Classic BPF: the length, then four words of the secret; what does not match is dropped.
inline Result<void> HearOnly(int fd, const BellSecret& secret) {
  constexpr size_t kWords = sizeof(BellSecret) / 4;
  constexpr uint16_t kCompare = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr size_t kInstructions = 2 + 2 * kWords + 2;
  constexpr uint8_t kDrop = kInstructions - 1;
  sock_filter program[kInstructions];
  size_t at = 0;
  const auto unless_equal_drop = [&](uint32_t value) {
    // Jumps count from the next instruction.
    const auto to_drop = static_cast<uint8_t>(kDrop - at - 1);
    program[at++] = {kCompare, 0, to_drop, value};
  };
  program[at++] = {BPF_LD | BPF_W | BPF_LEN, 0, 0, 0};
  unless_equal_drop(sizeof(BellSecret));
  for (uint32_t word = 0; word < kWords; word++) {
    uint32_t value;
    std::memcpy(&value, reinterpret_cast<const char*>(&secret) + 4 * word, sizeof(value));
    program[at++] = {BPF_LD | BPF_W | BPF_ABS, 0, 0, 4 * word};
    unless_equal_drop(ntohl(value));  // the filter loads in the order of the network
  }
  program[at++] = {BPF_RET | BPF_K, 0, 0, 0xffff};
  program[at++] = {BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog filter{static_cast<unsigned short>(kInstructions), program};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) != 0) return LastError("setsockopt");
  return {};
}

struct BellSocket {
  UniqueFd fd;
  uint64_t name;
  BellSecret secret;
};

// The filter comes before the name: nothing that anybody sends is ever in the queue unchecked.
inline Result<BellSocket> OpenBellSocket() {
  BellSecret secret;
  if (Result<void> filled = FillRandom(&secret, sizeof(secret)); !filled) return filled.error();
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return LastError("socket");
  if (Result<void> filtered = HearOnly(fd.get(), secret); !filtered) return filtered.error();
  for (;;) {
    uint64_t name;
    if (Result<void> filled = FillRandom(&name, sizeof(name)); !filled) return filled.error();
    sockaddr_un address;
    const socklen_t size = BellAddress(name, &address);
    if (name != 0 && bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0) {
      return BellSocket{std::move(fd), name, secret};
    }
    // Somebody has that name by chance: another one.
    if (name != 0 && errno != EADDRINUSE) return LastError("bind");
  }
}

// For who has no bell of its own at hand: one to ring others from. Invalid where there is no descriptor left.
inline UniqueFd OpenRingerSocket() { return UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

// A full queue (EAGAIN) means that wake-ups are waiting already. A vanished peer (ECONNREFUSED) has nobody to wake, nor has a stranger
// at its name, whose socket may be connected elsewhere (EPERM), closed for reading (EPIPE) or of another kind (EPROTOTYPE).
// None is an error for the ringer. Every bell socket is nonblocking, so a stopped peer never stops the ringer.
inline bool HasNobodyToWake(int error) {
  switch (error) {
    case EAGAIN:
    case ECONNREFUSED:
    case ECONNRESET:
    case ENOENT:
    case ENOBUFS:
    case EPERM:
    case EPIPE:
    case EPROTOTYPE:
      return true;
    default:
      return false;
  }
}

inline Result<void> RingBellSocket(int from_fd, uint64_t name, const BellSecret& secret) {
  sockaddr_un address;
  const socklen_t size = BellAddress(name, &address);
  for (;;) {
    if (sendto(from_fd, &secret, sizeof(secret), MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&address),
               size) >= 0) {
      return {};
    }
    if (errno == EINTR) continue;
    if (HasNobodyToWake(errno)) return {};
    return LastError("sendto");
  }
}

inline void DrainBellSocket(int fd) {
  char sink[8];
  while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) >= 0 || errno == EINTR) {
  }
}

}  // namespace forkyard::os
