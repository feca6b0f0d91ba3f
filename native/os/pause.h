// Tells the processor that this thread only looks whether another has got on.
#pragma once

namespace forkyard::os {

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace forkyard::os
