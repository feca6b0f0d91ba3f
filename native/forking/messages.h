// What a client and its fork server say to each other, a packet each, on SOCK_SEQPACKET pairs. Both ends are the same
// program on the same machine: numbers are written as they lie in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "os/inherited.h"
#include "os/result.h"

namespace forkyard {

// Client to server, with descriptors: standard input, output and error, the working directory, then the lifelines.
struct ForkRequest {
  uint32_t id = 0;
  os::Inherited inherited;
  std::string invitation;  // for the child; the server does not read it
};
inline constexpr size_t kFixedRequestFds = 4;

std::vector<uint8_t> EncodeForkRequest(const ForkRequest& request);
// EBADMSG for anything that EncodeForkRequest did not make.
os::Result<ForkRequest> DecodeForkRequest(std::span<const uint8_t> packet);

// Client to server, without descriptors: the spare of that number has been asked to be a child.
struct SpareTaken {
  int32_t pid;
};
std::vector<uint8_t> EncodeSpareTaken(const SpareTaken& taken);
std::optional<SpareTaken> DecodeSpareTaken(std::span<const uint8_t> packet);

// Server to client. A text of its own choice follows kServing and kUnfit.
enum class ForkReplyKind : uint32_t {
  kServing = 1,  // from here on it answers requests
  kUnfit,        // it will serve nothing; the text says why
  kForked,       // request `id`: the process `value`, with its pidfd
  kNotForked,    // request `id`: the errno `value`
  kEnded,        // the process `id`: the wait status `value`
  kSpare,        // on a connection of its own: the process `value` can be asked, with its pidfd and where
};

struct ForkReply {
  ForkReplyKind kind = ForkReplyKind::kServing;
  uint32_t id = 0;
  int32_t value = 0;
};

inline constexpr size_t kMaxForkPacket = 64 * 1024;

}  // namespace forkyard
