// See messages.h.
#include "forking/messages.h"

#include <cstring>

namespace forkyard {
namespace {

struct RequestHead {
  uint32_t id;
  uint32_t umask;
  int32_t nice;
  int32_t oom_score_adj;
  int32_t has_no_new_privs;
  uint32_t cpus;
  uint64_t timer_slack_ns;
  os::ResourceLimits limits;
};

}  // namespace

std::vector<uint8_t> EncodeForkRequest(const ForkRequest& request) {
  const auto& [id, inherited, invitation] = request;
  const RequestHead head{.id = id,
                         .umask = inherited.umask,
                         .nice = inherited.nice,
                         .oom_score_adj = inherited.oom_score_adj,
                         .has_no_new_privs = inherited.has_no_new_privs,
                         .cpus = static_cast<uint32_t>(inherited.cpus.size()),
                         .timer_slack_ns = inherited.timer_slack_ns,
                         .limits = inherited.limits};
  const size_t cpu_bytes = inherited.cpus.size() * sizeof(uint32_t);
  std::vector<uint8_t> packet(sizeof(head) + cpu_bytes + invitation.size());
  std::memcpy(packet.data(), &head, sizeof(head));
  if (cpu_bytes > 0) std::memcpy(packet.data() + sizeof(head), inherited.cpus.data(), cpu_bytes);
  std::memcpy(packet.data() + sizeof(head) + cpu_bytes, invitation.data(), invitation.size());
  return packet;
}

os::Result<ForkRequest> DecodeForkRequest(std::span<const uint8_t> packet) {
  RequestHead head;
  if (packet.size() < sizeof(head)) return os::Error{EBADMSG, "decode"};
  std::memcpy(&head, packet.data(), sizeof(head));
  packet = packet.subspan(sizeof(head));
  if (head.cpus > packet.size() / sizeof(uint32_t)) return os::Error{EBADMSG, "decode"};
  const size_t cpu_bytes = head.cpus * sizeof(uint32_t);
  ForkRequest request{head.id,
                      {.umask = head.umask,
                       .nice = head.nice,
                       .oom_score_adj = head.oom_score_adj,
                       .has_no_new_privs = head.has_no_new_privs,
                       .timer_slack_ns = head.timer_slack_ns,
                       .limits = head.limits,
                       .cpus = os::CpuList(head.cpus)},
                      ""};
  if (cpu_bytes > 0) std::memcpy(request.inherited.cpus.data(), packet.data(), cpu_bytes);
  packet = packet.subspan(cpu_bytes);
  request.invitation.assign(packet.begin(), packet.end());
  return request;
}

std::vector<uint8_t> EncodeSpareTaken(const SpareTaken& taken) {
  std::vector<uint8_t> packet(sizeof(taken));
  std::memcpy(packet.data(), &taken, sizeof(taken));
  return packet;
}

// No request is as short.
static_assert(sizeof(SpareTaken) < sizeof(RequestHead));

std::optional<SpareTaken> DecodeSpareTaken(std::span<const uint8_t> packet) {
  SpareTaken taken;
  if (packet.size() != sizeof(taken)) return std::nullopt;
  std::memcpy(&taken, packet.data(), sizeof(taken));
  return taken;
}

}  // namespace forkyard
