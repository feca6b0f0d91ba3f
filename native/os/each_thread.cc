// Reading /proc/PID/task. What is done with the threads, and why in this order, is in each_thread.h.
#include "os/each_thread.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "os/clock.h"
#include "os/fd.h"

namespace forkyard::os {

Result<ThreadDirectory> ThreadDirectory::Open(pid_t pid) {
  const std::string path = "/proc/" + (pid == 0 ? std::string("self") : std::to_string(pid)) + "/task";
  DIR* directory = opendir(path.c_str());
  if (directory != nullptr) return ThreadDirectory(directory);
  const Error error = LastError("open(/proc/PID/task)");
  if (pid != 0 && ::kill(pid, 0) != 0 && errno == ESRCH) return Error{ESRCH, error.syscall};
  return error;
}

ThreadDirectory::Listing ThreadDirectory::List() {
  Listing listing;
  struct stat status;
  // The directory has one link per thread and its own two.
  const bool counted = fstat(dirfd(directory_), &status) == 0 && status.st_nlink >= 2;
  rewinddir(directory_);
  while (const dirent* entry = readdir(directory_)) {
    const pid_t tid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (tid > 0) listing.tids.push_back(tid);
  }
  listing.complete = !counted || listing.tids.size() + 2 >= status.st_nlink;
  return listing;
}

std::optional<ThreadDirectory::Activity> ThreadDirectory::ReadActivity(pid_t tid) const {
  constexpr Activity kUnknown{true, 0};
  const std::string path = std::to_string(tid) + "/stat";
  const UniqueFd file(openat(dirfd(directory_), path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    if (errno == ENOENT || errno == ESRCH) return std::nullopt;
    return kUnknown;
  }
  char text[1024];
  const ssize_t length = read(file.get(), text, sizeof text - 1);
  if (length < 0 && errno == ESRCH) return std::nullopt;
  if (length <= 0) return kUnknown;
  text[length] = '\0';
  // The name before it may itself contain spaces and parentheses.
  const char* rest = std::strrchr(text, ')');
  char state;
  unsigned long user_ticks;
  // proc_pid_stat(5): the state is field 3, the time in user mode field 14.
  if (rest == nullptr ||
      std::sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu", &state, &user_ticks) != 2) {
    return kUnknown;
  }
  return Activity{state == 'R' || state == 'D', user_ticks};
}

void CloneWatch::Add(pid_t tid) {
  if (tid == static_cast<pid_t>(syscall(SYS_gettid))) return;
  const auto activity = directory_.ReadActivity(tid);
  if (!activity.has_value() || !activity->in_system_call_possible) return;
  entries_[tid] = Entry{activity->user_ticks, MonotonicNs() + kMaxCloneNs};
}

void CloneWatch::Wait() {
  while (!entries_.empty()) {
    const uint64_t now_ns = MonotonicNs();
    std::erase_if(entries_, [&](const auto& item) {
      const auto& [tid, entry] = item;
      const auto activity = directory_.ReadActivity(tid);
      return !activity.has_value() || !activity->in_system_call_possible ||
             activity->user_ticks != entry.user_ticks || now_ns >= entry.give_up_ns;
    });
    if (entries_.empty()) return;
    const timespec pause{0, 200'000};
    nanosleep(&pause, nullptr);
  }
}

}  // namespace forkyard::os
