// Random bytes of the kernel, for names and secrets that nobody may guess.
#pragma once

#include <sys/random.h>

#include <cstddef>

#include "os/result.h"

namespace forkyard::os {

// Up to 256 bytes, which getrandom(2) gives whole and without being interrupted.
inline Result<void> FillRandom(void* bytes, size_t size) {
  if (getrandom(bytes, size, 0) != static_cast<ssize_t>(size)) return LastError("getrandom");
  return {};
}

}  // namespace forkyard::os
