// Giving a scheduling attribute to every thread of a process while it goes on making threads and ending them: the system
// calls of affinity.h and priority.h act on one thread only, and Node alone starts seven.
#pragma once

#include <dirent.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "os/result.h"

namespace forkyard::os {

// The open /proc/PID/task. While it is open it stays that process's: after a reuse of the pid it is empty, not another's.
class ThreadDirectory {
 public:
  // pid 0: this process. ESRCH if there is no such process.
  static Result<ThreadDirectory> Open(pid_t pid);

  ThreadDirectory(ThreadDirectory&& other) noexcept : directory_(std::exchange(other.directory_, nullptr)) {}
  ThreadDirectory& operator=(ThreadDirectory&&) = delete;
  ~ThreadDirectory() {
    if (directory_ != nullptr) closedir(directory_);
  }

  struct Listing {
    std::vector<pid_t> tids;  // empty once the process is gone
    // False if threads ended meanwhile: the kernel may then have stopped the list early.
    bool complete = false;
  };
  Listing List();

  struct Activity {
    bool in_system_call_possible;  // running, or asleep where no signal reaches it
    uint64_t user_ticks;
  };
  // Nothing for a thread that is gone.
  std::optional<Activity> ReadActivity(pid_t tid) const;

 private:
  explicit ThreadDirectory(DIR* directory) : directory_(directory) {}
  DIR* directory_;
};

// A new thread has the attributes that its maker had when clone(2) *began*, and is listed when it ends: a thread in the
// middle of it when it is changed may still bring forth one that is not. So each changed thread is watched until it was
// seen outside: asleep, gone, or using time in user mode. The calling thread is outside. A thread that shows neither for
// kMaxCloneNs is taken to be outside.
class CloneWatch {
 public:
  explicit CloneWatch(const ThreadDirectory& directory) : directory_(directory) {}
  void Add(pid_t tid);
  // Returns when all threads added were seen outside clone.
  void Wait();

 private:
  static constexpr uint64_t kMaxCloneNs = 100'000'000;
  struct Entry {
    uint64_t user_ticks;
    uint64_t give_up_ns;
  };
  const ThreadDirectory& directory_;
  std::unordered_map<pid_t, Entry> entries_;
};

// Gives `wanted` to all threads of a process (pid 0: this one). get(tid) -> Result<T>, set(tid, T) -> Result<void>.
//
// Done when one complete list, begun after every changed thread was seen outside clone, shows only threads that have the
// value: then no thread is left that could make another without it. A thread that ends between being listed and being
// read (ESRCH) proves nothing about those it made, so such a list is repeated; EAGAIN if that never succeeds. Each
// thread is changed once: one that changes itself back cannot keep us here. If a thread refuses, those already changed
// are given their old value back as far as the system permits. ESRCH: the process is gone.
template <class T, class Get, class Set>
Result<void> SetForEachThread(pid_t pid, const T& wanted, Get get, Set set) {
  constexpr int kMaxLists = 4096;
  Result<ThreadDirectory> directory = ThreadDirectory::Open(pid);
  if (!directory.ok()) return directory.error();
  CloneWatch watch(directory.value());
  std::vector<std::pair<pid_t, T>> changed;
  std::unordered_set<pid_t> done;

  // True if the thread has the value or once had it from here.
  const auto give = [&](pid_t tid) -> Result<bool> {
    Result<T> old = get(tid);
    if (!old.ok()) return old.error();
    if (old.value() == wanted || done.contains(tid)) return true;
    const Result<void> outcome = set(tid, wanted);
    if (!outcome.ok()) return outcome.error();
    done.insert(tid);
    changed.emplace_back(tid, old.take());
    watch.Add(tid);
    return false;
  };

  for (int lists = 0; lists < kMaxLists; lists++) {
    watch.Wait();
    const ThreadDirectory::Listing listing = directory.value().List();
    bool settled = listing.complete;
    bool alive = false;
    for (const pid_t tid : listing.tids) {
      const Result<bool> had = give(tid);
      if (!had.ok() && had.error().number != ESRCH) {
        for (const auto& [changed_tid, old_value] : changed) (void)set(changed_tid, old_value).ok();
        return had.error();
      }
      alive |= had.ok();
      settled &= had.ok() && had.value();
    }
    if (!alive && listing.complete) return Error{ESRCH, "open(/proc/PID/task)"};
    if (settled) return {};
  }
  return Error{EAGAIN, "open(/proc/PID/task)"};
}

}  // namespace forkyard::os
