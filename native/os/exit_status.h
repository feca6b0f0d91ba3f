// How a process ended that is not our child: the kernel keeps it with the pidfd (Linux 6.15), and, as long as nobody has
// reaped it, in /proc.
#pragma once

#include <sys/ioctl.h>

#include <cstdint>
#include <optional>

namespace forkyard::os {

// struct pidfd_info of linux/pidfd.h, version 0, which older headers lack.
struct PidfdInfo {
  uint64_t mask;
  uint64_t cgroup;
  uint32_t ids[11];
  int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);

// The wait status; nothing if it has not been reaped, or the kernel does not tell.
inline std::optional<int> StatusOfReaped(int pidfd) {
  constexpr uint64_t kExit = 1 << 3;
  PidfdInfo info{};
  info.mask = kExit;
  if (ioctl(pidfd, _IOWR(0xff, 11, PidfdInfo), &info) != 0 || (info.mask & kExit) == 0) return std::nullopt;
  return info.exit_code;
}

}  // namespace forkyard::os
