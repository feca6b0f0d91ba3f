// What Node does not do with Unix sockets: abstract names as they are (libuv fills them up with zeros, and so meets only itself),
// and a look at a path that its listener does not notice.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "os/fd.h"
#include "os/result.h"

namespace forkyard::os {

class UnixAddress {
 public:
  // `path`: of an abstract name without the zero in front.
  static Result<UnixAddress> Of(std::string_view path, bool is_abstract) {
    UnixAddress made;
    if (path.size() >= sizeof(made.address_.sun_path)) return Error{ENAMETOOLONG, "bind"};
    std::memcpy(made.address_.sun_path + (is_abstract ? 1 : 0), path.data(), path.size());
    // An abstract name ends with the address, a path with a zero.
    made.length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return made;
  }

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t length() const { return length_; }

 private:
  sockaddr_un address_{AF_UNIX, {}};
  socklen_t length_ = 0;
};

inline Result<UniqueFd> MakeUnixSocket(int type) {
  UniqueFd fd(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return LastError("socket");
  return fd;
}

inline Result<UniqueFd> ListenAbstract(std::string_view name, int backlog) {
  const Result<UnixAddress> address = UnixAddress::Of(name, true);
  if (!address) return address.error();
  Result<UniqueFd> fd = MakeUnixSocket(SOCK_STREAM);
  if (!fd) return fd;
  if (bind(fd.value().get(), address.value().get(), address.value().length()) != 0) return LastError("bind");
  if (listen(fd.value().get(), backlog) != 0) return LastError("listen");
  return fd;
}

// EAGAIN: as many wait to be accepted as may.
inline Result<UniqueFd> ConnectAbstract(std::string_view name) {
  const Result<UnixAddress> address = UnixAddress::Of(name, true);
  if (!address) return address.error();
  Result<UniqueFd> fd = MakeUnixSocket(SOCK_STREAM);
  if (!fd) return fd;
  if (connect(fd.value().get(), address.value().get(), address.value().length()) != 0) return LastError("connect");
  return fd;
}

// Whether the socket's file is any living socket's. Sockets of packets do not connect to a listener: the kernel says that it
// is there, and of another kind.
inline Result<bool> IsSocketBound(std::string_view path) {
  const Result<UnixAddress> address = UnixAddress::Of(path, false);
  if (!address) return address.error();
  Result<UniqueFd> fd = MakeUnixSocket(SOCK_DGRAM);
  if (!fd) return fd.error();
  if (connect(fd.value().get(), address.value().get(), address.value().length()) == 0 || errno == EPROTOTYPE) return true;
  if (errno == ECONNREFUSED) return false;
  return LastError("connect");
}

}  // namespace forkyard::os
