// See worker_tasks.h. Node offers no way to replace these methods, so the copy's platform object gets another table of them:
// its own one, with three entries changed. Which they are is not assumed but looked up, by the addresses of the symbols.
#include "binding/worker_tasks.h"

#include <dlfcn.h>
#include <node.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <v8-platform.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

namespace forkyard {
namespace {

// The thread, and what waits for it. Never destroyed: the process ends with it at work.
class Worker {
 public:
  void Post(std::unique_ptr<v8::Task> task) {
    std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
    unfinished_++;
    if (!started_) started_ = Start();
    posted_.notify_one();
  }

  void WaitUntilFinished() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!started_) RunHere(lock);
    finished_.wait(lock, [this] { return unfinished_ == 0; });
  }

  bool IsFinished() {
    std::lock_guard<std::mutex> lock(mutex_);
    return unfinished_ == 0;
  }

 private:
  // Where the system has no thread left, the tasks are run by whoever waits for them.
  bool Start() {
    try {
      std::thread([this] { Run(); }).detach();
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }

  void RunHere(std::unique_lock<std::mutex>& lock) {
    while (!tasks_.empty()) {
      std::unique_ptr<v8::Task> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task->Run();
      task.reset();
      lock.lock();
      unfinished_--;
    }
  }

  [[noreturn]] void Run() {
    for (;;) {
      std::unique_ptr<v8::Task> task = Next();
      task->Run();
      task.reset();
      std::lock_guard<std::mutex> lock(mutex_);
      if (--unfinished_ == 0) finished_.notify_all();
    }
  }

  std::unique_ptr<v8::Task> Next() {
    std::unique_lock<std::mutex> lock(mutex_);
    posted_.wait(lock, [this] { return !tasks_.empty(); });
    std::unique_ptr<v8::Task> task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  std::mutex mutex_;
  std::condition_variable posted_;
  std::condition_variable finished_;
  std::deque<std::unique_ptr<v8::Task>> tasks_;
  size_t unfinished_ = 0;
  bool started_ = false;
};

using Drain = void (*)(v8::Platform*, v8::Isolate*);

v8::Platform* platform = nullptr;
v8::Isolate* main_isolate = nullptr;
Drain drain = nullptr;

Worker& worker() {
  static Worker* const made = new Worker;
  return *made;
}

// The replacements, as free functions with the object as their first argument, which is how methods are called.
void Post(v8::Platform*, std::unique_ptr<v8::Task> task) { worker().Post(std::move(task)); }

// Since V8 12: with a priority, and where the task comes from.
void PostWithPriority(v8::Platform*, int, std::unique_ptr<v8::Task> task, const void*) { worker().Post(std::move(task)); }

void DrainAll(v8::Platform* self, v8::Isolate* isolate) {
  do {
    worker().WaitUntilFinished();
    drain(self, isolate);
  } while (!worker().IsFinished());
}

// More than there are methods; what lies behind the table is never called.
constexpr size_t kMethods = 40;
// The offset of the object and its type stand in front of the methods.
constexpr size_t kPrefix = 2;
std::array<void*, kPrefix + kMethods> methods;

template <class Function>
bool Replace(const char* symbol, Function replacement) {
  void* const original = dlsym(RTLD_DEFAULT, symbol);
  auto found = std::find(methods.begin() + kPrefix, methods.end(), original);
  if (original == nullptr || found == methods.end()) return false;
  *found = reinterpret_cast<void*>(replacement);
  return true;
}

constexpr const char* kDrain = "_ZN4node12NodePlatform10DrainTasksEPN2v87IsolateE";
constexpr const char* kPost = "_ZN4node12NodePlatform18CallOnWorkerThreadESt10unique_ptrIN2v84TaskESt14default_deleteIS3_EE";
constexpr const char* kPostWithPriority =
    "_ZN4node12NodePlatform26PostTaskOnWorkerThreadImplEN2v812TaskPriorityESt10unique_ptrINS1_4TaskESt14default_deleteIS4_"
    "EERKNS1_14SourceLocationE";

using PostTask = void (*)(v8::Platform*, std::unique_ptr<v8::Task>);
using PostTaskWithPriority = void (*)(v8::Platform*, int, std::unique_ptr<v8::Task>, const void*);

// Tells which thread has run it, when it has.
class Marker final : public v8::Task {
 public:
  explicit Marker(std::atomic<pid_t>& ran_by) : ran_by_(ran_by) {}
  ~Marker() override { ran_by_ = static_cast<pid_t>(syscall(SYS_gettid)); }
  void Run() override {}

 private:
  std::atomic<pid_t>& ran_by_;
};

// At the lowest priority, so that whatever waits comes first.
void PostToNode(std::unique_ptr<v8::Task> task) {
  if (void* const post = dlsym(RTLD_DEFAULT, kPost)) {
    reinterpret_cast<PostTask>(post)(platform, std::move(task));
    return;
  }
  static const std::array<void*, 8> nowhere{};
  const int best_effort = static_cast<int>(v8::TaskPriority::kBestEffort);
  void* const post = dlsym(RTLD_DEFAULT, kPostWithPriority);
  reinterpret_cast<PostTaskWithPriority>(post)(platform, best_effort, std::move(task), nowhere.data());
}

constexpr int kPatienceUs = 10'000'000;
constexpr int kLookEveryUs = 50;

bool IsAsleep(pid_t thread) {
  std::string stat;
  std::getline(std::ifstream("/proc/self/task/" + std::to_string(thread) + "/stat"), stat);
  const size_t end = stat.rfind(')');
  return end != std::string::npos && end + 2 < stat.size() && stat[end + 2] == 'S';
}

}  // namespace

bool FindWorkerTasks(Napi::Env) {
  if (dlsym(RTLD_DEFAULT, "_ZN4node23GetMultiIsolatePlatformEPNS_11EnvironmentE") == nullptr) return false;
  main_isolate = v8::Isolate::GetCurrent();
  platform = node::GetMultiIsolatePlatform(node::GetCurrentEnvironment(main_isolate->GetCurrentContext()));
  if (platform == nullptr) return false;
  void** const table = *reinterpret_cast<void***>(platform);
  std::copy_n(table - kPrefix, methods.size(), methods.begin());
  drain = reinterpret_cast<Drain>(dlsym(RTLD_DEFAULT, kDrain));
  return Replace(kDrain, DrainAll) && (Replace(kPost, Post) || Replace(kPostWithPriority, PostWithPriority));
}

// Since Node 24 draining waits for the urgent tasks alone. The others are done when one of ours, which comes last, is
// done by the only thread there is; and that thread is between tasks, and holds no lock, when it sleeps.
bool FinishWorkerTasks() {
  static std::atomic<pid_t> ran_by = 0;
  PostToNode(std::make_unique<Marker>(ran_by));
  drain(platform, main_isolate);
  for (int waited_us = 0; waited_us < kPatienceUs; waited_us += kLookEveryUs) {
    if (ran_by != 0 && IsAsleep(ran_by)) return true;
    usleep(kLookEveryUs);
  }
  return false;
}

void TakeOverWorkerTasks() { *reinterpret_cast<void***>(platform) = methods.data() + kPrefix; }

}  // namespace forkyard
