// CPU masks of any size, set and verified. The contract is in affinity.h, the walk over threads in each_thread.h.
#include "os/affinity.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

#include "os/blocked_signals.h"
#include "os/each_thread.h"

namespace forkyard::os {

namespace {

using Mask = std::vector<unsigned long>;

constexpr size_t kBitsPerWord = sizeof(unsigned long) * CHAR_BIT;

// The system calls themselves: the C library's wrappers hide how many bytes the kernel filled in.
Result<Mask> ReadMask(pid_t tid) {
  for (size_t bits = 1024;; bits *= 2) {
    Mask mask(bits / kBitsPerWord);
    const long bytes = syscall(SYS_sched_getaffinity, tid, mask.size() * sizeof(unsigned long), mask.data());
    if (bytes >= 0) return mask;
    // EINVAL: the kernel's masks are longer.
    if (errno != EINVAL || bits >= kMaxCpus) return LastError("sched_getaffinity");
  }
}

Result<void> WriteMask(pid_t tid, const Mask& mask) {
  if (syscall(SYS_sched_setaffinity, tid, mask.size() * sizeof(unsigned long), mask.data()) != 0) {
    return LastError("sched_setaffinity");
  }
  return {};
}

CpuList ToList(const Mask& mask) {
  CpuList cpus;
  for (size_t cpu = 0; cpu < mask.size() * kBitsPerWord; cpu++) {
    if ((mask[cpu / kBitsPerWord] >> (cpu % kBitsPerWord) & 1) != 0) cpus.push_back(static_cast<uint32_t>(cpu));
  }
  return cpus;
}

Result<Mask> ToMask(const CpuList& cpus) {
  Mask mask;
  for (const uint32_t cpu : cpus) {
    if (cpu >= kMaxCpus) return Error{EINVAL, "sched_setaffinity"};
    if (cpu / kBitsPerWord >= mask.size()) mask.resize(cpu / kBitsPerWord + 1);
    mask[cpu / kBitsPerWord] |= 1ul << (cpu % kBitsPerWord);
  }
  return mask;
}

struct Probe {
  Result<CpuList> cpus = Error{EAGAIN, "pthread_create"};
};

void* RunProbe(void* argument) {
  Probe& probe = *static_cast<Probe*>(argument);
  Result<Mask> mask = ReadMask(0);
  if (!mask.ok()) {
    probe.cpus = mask.error();
    return nullptr;
  }
  const Mask everything(mask.value().size(), ~0ul);
  // A system-call filter may forbid it: then the mask that there is cannot be left anyway.
  if (WriteMask(0, everything).ok()) mask = ReadMask(0);
  probe.cpus = mask.ok() ? Result<CpuList>(ToList(mask.value())) : Result<CpuList>(mask.error());
  return nullptr;
}

}  // namespace

Result<CpuList> GetThreadAffinity(pid_t tid) {
  const Result<Mask> mask = ReadMask(tid);
  if (!mask.ok()) return mask.error();
  return ToList(mask.value());
}

Result<void> SetThreadAffinity(pid_t tid, const CpuList& cpus) {
  const Result<Mask> wanted = ToMask(cpus);
  if (!wanted.ok()) return wanted.error();
  const Result<Mask> before = ReadMask(tid);
  if (!before.ok()) return before.error();
  const Result<void> written = WriteMask(tid, wanted.value());
  if (!written.ok()) return written;
  const Result<Mask> after = ReadMask(tid);
  if (!after.ok()) return after.error();
  if (ToList(after.value()) == ToList(wanted.value())) return {};
  (void)WriteMask(tid, before.value()).ok();
  return Error{EINVAL, "sched_setaffinity"};
}

Result<void> SetProcessAffinity(pid_t pid, const CpuList& cpus) {
  const Result<Mask> wanted = ToMask(cpus);
  if (!wanted.ok()) return wanted.error();
  return SetForEachThread(pid, ToList(wanted.value()), GetThreadAffinity, SetThreadAffinity);
}

// A thread of its own asks for everything and looks at what it got: its mask dies with it, and no mask of the program is
// touched.
Result<CpuList> GetUsableCpus() {
  Probe probe;
  pthread_t thread;
  const int number = [&] {
    // The program's signal handlers must not run there.
    const BlockedSignals blocked;
    return pthread_create(&thread, nullptr, RunProbe, &probe);
  }();
  if (number != 0) return Error{number, "pthread_create"};
  pthread_join(thread, nullptr);
  return probe.cpus;
}

}  // namespace forkyard::os
