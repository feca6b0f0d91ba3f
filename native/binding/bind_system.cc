// See bind_system.h. Named things are bind_named.cc. Calls take (pid, thread, ...): with `thread` the pid is a thread's
// id and 0 the calling thread, else all threads of the process are meant and 0 is this process.
#include "binding/bind_system.h"

#include <sys/types.h>
#include <unistd.h>

#include <climits>
#include <span>
#include <string>
#include <vector>

#include "binding/arguments.h"
#include "binding/bind_named.h"
#include "binding/error.h"
#include "os/affinity.h"
#include "os/fd_passing.h"
#include "os/named_semaphore.h"
#include "os/priority.h"

namespace forkyard {
namespace {

constexpr double kMaxReceiveBytes = 64 << 20;

struct Target {
  pid_t id;
  bool is_thread;
  // Reading a process is reading its main thread.
  pid_t reading() const { return id == 0 && !is_thread ? getpid() : id; }
};

Target TargetArgument(const Napi::CallbackInfo& info) {
  const auto id = static_cast<pid_t>(IntegerArgument(info, 0, 0, INT_MAX));
  if (info.Length() < 2 || !info[1].IsBoolean()) {
    throw Napi::TypeError::New(info.Env(), "argument 1 must be a boolean");
  }
  return {id, info[1].As<Napi::Boolean>().Value()};
}

std::vector<double> NumbersArgument(const Napi::CallbackInfo& info, size_t index, double highest) {
  const auto refuse = [&](const char* what) {
    return Napi::TypeError::New(info.Env(), "argument " + std::to_string(index) + what);
  };
  if (index >= info.Length() || !info[index].IsArray()) throw refuse(" must be an array");
  const auto array = info[index].As<Napi::Array>();
  std::vector<double> numbers;
  for (uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Value item = array.Get(i);
    const double number = item.IsNumber() ? item.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= 0 && number <= highest) || number != std::floor(number)) throw refuse(" must hold whole numbers");
    numbers.push_back(number);
  }
  return numbers;
}

void Require(Napi::Env env, const os::Result<void>& done, const char* what) {
  if (!done.ok()) throw SystemError(env, done.error(), what);
}

Napi::Value CpusToArray(Napi::Env env, const os::Result<os::CpuList>& cpus, const char* what) {
  if (!cpus.ok()) throw SystemError(env, cpus.error(), what);
  Napi::Array array = Napi::Array::New(env, cpus.value().size());
  for (size_t i = 0; i < cpus.value().size(); i++) array.Set(static_cast<uint32_t>(i), cpus.value()[i]);
  return array;
}

Napi::Value GetAffinity(const Napi::CallbackInfo& info) {
  return CpusToArray(info.Env(), os::GetThreadAffinity(TargetArgument(info).reading()), "read the CPU affinity");
}

void SetAffinity(const Napi::CallbackInfo& info) {
  const Target target = TargetArgument(info);
  const std::vector<double> numbers = NumbersArgument(info, 2, UINT32_MAX);
  const os::CpuList cpus(numbers.begin(), numbers.end());
  Require(info.Env(), target.is_thread ? os::SetThreadAffinity(target.id, cpus) : os::SetProcessAffinity(target.id, cpus),
          "set the CPU affinity");
}

Napi::Value GetUsableCpus(const Napi::CallbackInfo& info) {
  return CpusToArray(info.Env(), os::GetUsableCpus(), "find out which CPUs may be used");
}

Napi::Value GetNice(const Napi::CallbackInfo& info) {
  const os::Result<int> nice = os::GetThreadNice(TargetArgument(info).reading());
  if (!nice.ok()) throw SystemError(info.Env(), nice.error(), "read the priority");
  return Napi::Number::New(info.Env(), nice.value());
}

void SetNice(const Napi::CallbackInfo& info) {
  const Target target = TargetArgument(info);
  const int nice = Int32Argument(info, 2);
  Require(info.Env(), target.is_thread ? os::SetThreadNice(target.id, nice) : os::SetProcessNice(target.id, nice),
          "set the priority");
}

Napi::Value GetScheduler(const Napi::CallbackInfo& info) {
  const os::Result<os::Scheduler> scheduler = os::GetThreadScheduler(TargetArgument(info).reading());
  if (!scheduler.ok()) throw SystemError(info.Env(), scheduler.error(), "read the scheduling policy");
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("policy", scheduler.value().policy);
  result.Set("priority", scheduler.value().priority);
  return result;
}

void SetScheduler(const Napi::CallbackInfo& info) {
  const Target target = TargetArgument(info);
  const os::Scheduler scheduler{Int32Argument(info, 2), Int32Argument(info, 3)};
  Require(info.Env(),
          target.is_thread ? os::SetThreadScheduler(target.id, scheduler) : os::SetProcessScheduler(target.id, scheduler),
          "set the scheduling policy");
}

Napi::Value GetIoPriority(const Napi::CallbackInfo& info) {
  const os::Result<os::IoPriority> priority = os::GetThreadIoPriority(TargetArgument(info).reading());
  if (!priority.ok()) throw SystemError(info.Env(), priority.error(), "read the I/O priority");
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("class", priority.value().io_class);
  result.Set("level", priority.value().level);
  return result;
}

void SetIoPriority(const Napi::CallbackInfo& info) {
  const Target target = TargetArgument(info);
  const os::IoPriority priority{Int32Argument(info, 2), Int32Argument(info, 3)};
  Require(info.Env(),
          target.is_thread ? os::SetThreadIoPriority(target.id, priority) : os::SetProcessIoPriority(target.id, priority),
          "set the I/O priority");
}

void SendFds(const Napi::CallbackInfo& info) {
  const int socket = static_cast<int>(IntegerArgument(info, 0, 0, INT_MAX));
  const std::vector<double> numbers = NumbersArgument(info, 1, INT_MAX);
  const std::vector<int> fds(numbers.begin(), numbers.end());
  if (info.Length() < 3 || !info[2].IsTypedArray() ||
      info[2].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(info.Env(), "argument 2 must be a Uint8Array");
  }
  const auto data = info[2].As<Napi::Uint8Array>();
  Require(info.Env(), os::SendWithFds(socket, fds, std::span<const uint8_t>(data.Data(), data.ByteLength())),
          "send descriptors");
}

Napi::Value ReceiveFds(const Napi::CallbackInfo& info) {
  const int socket = static_cast<int>(IntegerArgument(info, 0, 0, INT_MAX));
  std::vector<uint8_t> bytes(static_cast<size_t>(IntegerArgument(info, 1, 1, kMaxReceiveBytes)));
  os::Result<os::ReceivedMessage> received = os::ReceiveWithFds(socket, bytes);
  if (!received.ok()) throw SystemError(info.Env(), received.error(), "receive descriptors");
  std::vector<os::UniqueFd>& fds = received.value().fds;
  Napi::Uint8Array data = Napi::Uint8Array::New(info.Env(), received.value().size);
  std::copy_n(bytes.begin(), received.value().size, data.Data());
  Napi::Array numbers = Napi::Array::New(info.Env(), fds.size());
  for (size_t i = 0; i < fds.size(); i++) numbers.Set(static_cast<uint32_t>(i), fds[i].get());
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("data", data);
  result.Set("fds", numbers);
  // From here on they are JavaScript's; an exception before this line closes them.
  for (os::UniqueFd& fd : fds) fd.release();
  return result;
}

Napi::Object MakeConstants(Napi::Env env) {
  Napi::Object policies = Napi::Object::New(env);
  policies.Set("other", static_cast<int>(os::kPolicyOther));
  policies.Set("batch", static_cast<int>(os::kPolicyBatch));
  policies.Set("idle", static_cast<int>(os::kPolicyIdle));
  policies.Set("fifo", static_cast<int>(os::kPolicyFifo));
  policies.Set("rr", static_cast<int>(os::kPolicyRoundRobin));
  policies.Set("deadline", static_cast<int>(os::kPolicyDeadline));
  Napi::Object io_classes = Napi::Object::New(env);
  io_classes.Set("none", static_cast<int>(os::kIoNone));
  io_classes.Set("realtime", static_cast<int>(os::kIoRealtime));
  io_classes.Set("best-effort", static_cast<int>(os::kIoBestEffort));
  io_classes.Set("idle", static_cast<int>(os::kIoIdle));
  Napi::Object constants = Napi::Object::New(env);
  constants.Set("schedulerPolicies", policies);
  constants.Set("ioClasses", io_classes);
  constants.Set("maxPassedFds", static_cast<double>(os::kMaxPassedFds));
  constants.Set("semaphoreValueMax", static_cast<double>(SEM_VALUE_MAX));
  return constants;
}

}  // namespace

void BindSystem(Napi::Env env, Napi::Object exports) {
  exports.Set("getAffinity", Napi::Function::New(env, GetAffinity));
  exports.Set("setAffinity", Napi::Function::New(env, SetAffinity));
  exports.Set("getUsableCpus", Napi::Function::New(env, GetUsableCpus));
  exports.Set("getNice", Napi::Function::New(env, GetNice));
  exports.Set("setNice", Napi::Function::New(env, SetNice));
  exports.Set("getScheduler", Napi::Function::New(env, GetScheduler));
  exports.Set("setScheduler", Napi::Function::New(env, SetScheduler));
  exports.Set("getIoPriority", Napi::Function::New(env, GetIoPriority));
  exports.Set("setIoPriority", Napi::Function::New(env, SetIoPriority));
  exports.Set("sendFds", Napi::Function::New(env, SendFds));
  exports.Set("receiveFds", Napi::Function::New(env, ReceiveFds));
  exports.Set("systemConstants", MakeConstants(env));
  BindNamed(env, exports);
}

}  // namespace forkyard
