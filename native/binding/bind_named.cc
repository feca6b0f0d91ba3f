// See bind_named.h. A handle is a type-tagged external, so that a handle of another kind is refused instead of
// reinterpreted. close() makes a handle refuse; a mapping lives on until its last buffer is collected.
#include "binding/bind_named.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "binding/arguments.h"
#include "binding/error.h"
#include "binding/semaphore_wait.h"
#include "binding/tracked_name.h"
#include "os/clock.h"
#include "os/mapping.h"
#include "os/named_semaphore.h"
#include "os/shm.h"

namespace forkyard {
namespace {

constexpr uint32_t kPermissionBits = 07777;

struct SharedMemoryHandle {
  static constexpr napi_type_tag kTag = {0x6a1f4b0c9d3e4f52, 0x8b7c5d2e1f0a9386};
  static constexpr const char* kName = "a shared memory handle";
  std::shared_ptr<os::Mapping> content;  // null: closed
};

struct SemaphoreHandle {
  static constexpr napi_type_tag kTag = {0x2c9e8d7f6b5a4132, 0x94e3d2c1b0af8e7d};
  static constexpr const char* kName = "a named semaphore handle";
  std::shared_ptr<os::NamedSemaphore> content;  // null: closed
  std::shared_ptr<SemaphoreWait> wait;           // null: nobody has waited yet
};

template <class Handle, class Content>
Napi::Value MakeHandle(Napi::Env env, Content content) {
  auto handle = std::make_unique<Handle>();
  handle->content = std::make_shared<Content>(std::move(content));
  auto external = Napi::External<Handle>::New(env, handle.get(), [](Napi::BasicEnv, Handle* made) { delete made; });
  handle.release();
  external.TypeTag(&Handle::kTag);
  return external;
}

template <class Handle>
Handle& HandleArgument(const Napi::CallbackInfo& info) {
  if (info.Length() > 0 && info[0].IsExternal()) {
    auto external = info[0].As<Napi::External<Handle>>();
    if (external.CheckTypeTag(&Handle::kTag)) return *external.Data();
  }
  throw Napi::TypeError::New(info.Env(), std::string("argument 0 must be ") + Handle::kName);
}

template <class Handle>
auto OpenHandleArgument(const Napi::CallbackInfo& info) {
  // A copy of the pointer: a close during the call does not take the object away.
  auto content = HandleArgument<Handle>(info).content;
  if (!content) throw SystemError(info.Env(), os::Error{EBADF, "closed handle"}, "use what was closed");
  return content;
}

std::string NameArgument(const Napi::CallbackInfo& info) {
  if (info.Length() == 0 || !info[0].IsString()) {
    throw Napi::TypeError::New(info.Env(), "argument 0 must be a string");
  }
  return info[0].As<Napi::String>().Utf8Value();
}

mode_t ModeArgument(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<mode_t>(IntegerArgument(info, index, 0, kPermissionBits));
}

Napi::Value MapToHandle(Napi::Env env, const os::UniqueFd& fd, uint64_t size) {
  os::Result<os::Mapping> mapping = os::Mapping::MapShared(fd.get(), size);
  if (!mapping.ok()) throw SystemError(env, mapping.error(), "map the shared memory");
  return MakeHandle<SharedMemoryHandle>(env, mapping.take());
}

bool IsTracked(const Napi::CallbackInfo& info) { return info.Length() > 3 && info[3].ToBoolean().Value(); }

Napi::Value ShmCreate(const Napi::CallbackInfo& info) {
  const std::string name = NameArgument(info);
  const uint64_t size = OffsetArgument(info, 1);
  TrackedName tracked(info.Env(), name.substr(name.substr(0, 1) == "/" ? 1 : 0), IsTracked(info));
  os::Result<os::UniqueFd> fd = os::CreateSharedMemory(name, size, ModeArgument(info, 2), tracked.BeforeNamed());
  if (!fd.ok()) throw SystemError(info.Env(), fd.error(), "create the shared memory");
  tracked.Confirm();
  try {
    return MapToHandle(info.Env(), fd.value(), size);
  } catch (...) {
    (void)os::UnlinkSharedMemory(name).ok();
    throw;
  }
}

Napi::Value ShmAttach(const Napi::CallbackInfo& info) {
  os::Result<os::UniqueFd> fd = os::AttachSharedMemory(NameArgument(info));
  if (!fd.ok()) throw SystemError(info.Env(), fd.error(), "open the shared memory");
  const os::Result<uint64_t> size = os::SharedMemorySize(fd.value().get());
  if (!size.ok()) throw SystemError(info.Env(), size.error(), "open the shared memory");
  return MapToHandle(info.Env(), fd.value(), size.value());
}

Napi::Value ShmSize(const Napi::CallbackInfo& info) {
  const auto mapping = OpenHandleArgument<SharedMemoryHandle>(info);
  return Napi::Number::New(info.Env(), static_cast<double>(mapping->size()));
}

Napi::Value ShmBuffer(const Napi::CallbackInfo& info) {
  using Hold = std::shared_ptr<os::Mapping>;
  auto hold = std::make_unique<Hold>(OpenHandleArgument<SharedMemoryHandle>(info));
  os::Mapping& mapping = **hold;
  auto buffer = Napi::ArrayBuffer::New(
      info.Env(), mapping.data(), mapping.size(), [](Napi::BasicEnv, void*, Hold* held) { delete held; }, hold.get());
  hold.release();
  return buffer;
}

void ShmClose(const Napi::CallbackInfo& info) { HandleArgument<SharedMemoryHandle>(info).content.reset(); }

void ShmUnlink(const Napi::CallbackInfo& info) {
  const std::string name = NameArgument(info);
  const uint64_t inode = os::InodeOfFile(name.c_str());
  const os::Result<void> done = os::UnlinkSharedMemory(name);
  if (!done.ok()) throw SystemError(info.Env(), done.error(), "remove the shared memory");
  TrackedName::Forget(inode);
}

// shmMark(file): of a file in /dev/shm, what TrackedName has written about it.
Napi::Value ShmMark(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), os::ReadMark(NameArgument(info)));
}

Napi::Value SemToHandle(Napi::Env env, os::Result<os::NamedSemaphore> semaphore, const char* what) {
  if (!semaphore.ok()) throw SystemError(env, semaphore.error(), what);
  return MakeHandle<SemaphoreHandle>(env, semaphore.take());
}

Napi::Value SemCreate(const Napi::CallbackInfo& info) {
  const std::string name = NameArgument(info);
  const uint32_t value = Uint32Argument(info, 1);
  TrackedName tracked(info.Env(), os::NamedSemaphore::FileOf(name), IsTracked(info));
  os::Result<os::NamedSemaphore> made =
      os::NamedSemaphore::Create(name, value, ModeArgument(info, 2), tracked.BeforeNamed());
  if (made.ok()) tracked.Confirm();
  return SemToHandle(info.Env(), std::move(made), "create the semaphore");
}

Napi::Value SemCreateOrOpen(const Napi::CallbackInfo& info) {
  const std::string name = NameArgument(info);
  const uint32_t value = Uint32Argument(info, 1);
  return SemToHandle(info.Env(), os::NamedSemaphore::CreateOrOpen(name, value, ModeArgument(info, 2)),
                     "create or open the semaphore");
}

Napi::Value SemOpen(const Napi::CallbackInfo& info) {
  return SemToHandle(info.Env(), os::NamedSemaphore::Open(NameArgument(info)), "open the semaphore");
}

void SemPost(const Napi::CallbackInfo& info) {
  const os::Result<void> done = OpenHandleArgument<SemaphoreHandle>(info)->Post();
  if (!done.ok()) throw SystemError(info.Env(), done.error(), "post the semaphore");
}

Napi::Value SemTryWait(const Napi::CallbackInfo& info) {
  const os::Result<bool> taken = OpenHandleArgument<SemaphoreHandle>(info)->TryWait();
  if (!taken.ok()) throw SystemError(info.Env(), taken.error(), "take from the semaphore");
  return Napi::Boolean::New(info.Env(), taken.value());
}

Napi::Value SemWait(const Napi::CallbackInfo& info) {
  const auto semaphore = OpenHandleArgument<SemaphoreHandle>(info);
  const double timeout_ms = NumberArgument(info, 1);
  if (timeout_ms < 0) {
    const os::Result<void> waited = semaphore->Wait();
    if (!waited.ok()) throw SystemError(info.Env(), waited.error(), "wait for the semaphore");
    return Napi::Boolean::New(info.Env(), true);
  }
  // 30 years stay far from the end of the clock; NaN becomes 0.
  const double bounded_ms = timeout_ms >= 0 ? std::min(timeout_ms, 1e12) : 0;
  const os::Result<bool> taken = semaphore->WaitUntil(os::MonotonicNs() + static_cast<uint64_t>(bounded_ms * 1e6));
  if (!taken.ok()) throw SystemError(info.Env(), taken.error(), "wait for the semaphore");
  return Napi::Boolean::New(info.Env(), taken.value());
}

Napi::Value SemValue(const Napi::CallbackInfo& info) {
  const os::Result<int> value = OpenHandleArgument<SemaphoreHandle>(info)->Value();
  if (!value.ok()) throw SystemError(info.Env(), value.error(), "read the semaphore");
  return Napi::Number::New(info.Env(), value.value());
}

void SemClose(const Napi::CallbackInfo& info) { HandleArgument<SemaphoreHandle>(info).content.reset(); }

void SemUnlink(const Napi::CallbackInfo& info) {
  const std::string name = NameArgument(info);
  const uint64_t inode = os::InodeOfFile(os::NamedSemaphore::FileOf(name).c_str());
  const os::Result<void> done = os::NamedSemaphore::Unlink(name);
  if (!done.ok()) throw SystemError(info.Env(), done.error(), "remove the semaphore");
  TrackedName::Forget(inode);
}

// semAwait(handle, onEnd): onEnd(true) once a permit was taken, onEnd(false) if nobody wanted it any more.
void SemAwait(const Napi::CallbackInfo& info) {
  OpenHandleArgument<SemaphoreHandle>(info);
  SemaphoreHandle& handle = HandleArgument<SemaphoreHandle>(info);
  if (handle.wait && handle.wait->Resume()) return;
  handle.wait = SemaphoreWait::Start(info.Env(), handle.content, info[1].As<Napi::Function>());
}

// semForgo(handle): nobody waits any more.
void SemForgo(const Napi::CallbackInfo& info) {
  SemaphoreHandle& handle = HandleArgument<SemaphoreHandle>(info);
  if (handle.wait) handle.wait->Forgo();
}

}  // namespace

void BindNamed(Napi::Env env, Napi::Object exports) {
  exports.Set("shmCreate", Napi::Function::New(env, ShmCreate));
  exports.Set("shmAttach", Napi::Function::New(env, ShmAttach));
  exports.Set("shmSize", Napi::Function::New(env, ShmSize));
  exports.Set("shmBuffer", Napi::Function::New(env, ShmBuffer));
  exports.Set("shmClose", Napi::Function::New(env, ShmClose));
  exports.Set("shmUnlink", Napi::Function::New(env, ShmUnlink));
  exports.Set("shmMark", Napi::Function::New(env, ShmMark));
  exports.Set("semCreate", Napi::Function::New(env, SemCreate));
  exports.Set("semCreateOrOpen", Napi::Function::New(env, SemCreateOrOpen));
  exports.Set("semOpen", Napi::Function::New(env, SemOpen));
  exports.Set("semPost", Napi::Function::New(env, SemPost));
  exports.Set("semTryWait", Napi::Function::New(env, SemTryWait));
  exports.Set("semWait", Napi::Function::New(env, SemWait));
  exports.Set("semAwait", Napi::Function::New(env, SemAwait));
  exports.Set("semForgo", Napi::Function::New(env, SemForgo));
  exports.Set("semValue", Napi::Function::New(env, SemValue));
  exports.Set("semClose", Napi::Function::New(env, SemClose));
  exports.Set("semUnlink", Napi::Function::New(env, SemUnlink));
}

}  // namespace forkyard
