// Descriptors sent over a Unix socket with a string of bytes (SCM_RIGHTS, unix(7)). What the bytes mean is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "os/fd.h"
#include "os/result.h"

namespace forkyard::os {

// The kernel's limit for one message (SCM_MAX_FD).
constexpr size_t kMaxPassedFds = 253;

// Sends all of `data` with `fds` attached to its first byte; the caller keeps its descriptors. EINVAL for empty data
// (which a receiver could not tell from the end) or too many fds. On a non-blocking socket EAGAIN means that nothing was
// sent; once a stream has taken the first bytes, the rest is waited for, so no message is left half sent.
Result<void> SendWithFds(int socket, std::span<const int> fds, std::span<const uint8_t> data);

struct ReceivedMessage {
  size_t size = 0;  // bytes written to the buffer; 0 at the end
  std::vector<UniqueFd> fds;  // close-on-exec
};

// Receives one message (on a stream: the bytes that are there, never beyond one set of descriptors). EMFILE if this
// process has no room for all descriptors of the message, EMSGSIZE if a datagram is larger than the buffer: the
// descriptors that did arrive are closed. With kDataAlone a message whose descriptors found no room comes without them.
enum class OnFdShortage { kFail, kDataAlone };
Result<ReceivedMessage> ReceiveWithFds(int socket, std::span<uint8_t> buffer,
                                       OnFdShortage on_shortage = OnFdShortage::kFail);

}  // namespace forkyard::os
