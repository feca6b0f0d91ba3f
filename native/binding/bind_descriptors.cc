// See bind_descriptors.h.
#include "binding/bind_descriptors.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "binding/arguments.h"
#include "binding/error.h"
#include "binding/fd_watch.h"
#include "os/output.h"
#include "os/socket_pair.h"
#include "os/unix_socket.h"

namespace forkyard {
namespace {

// socketPair(packets): [a, b], both the caller's. Packets: a's reads and writes never block.
Napi::Value SocketPair(const Napi::CallbackInfo& info) {
  const bool packets = info[0].As<Napi::Boolean>();
  auto pair = os::MakeSocketPair(packets ? SOCK_SEQPACKET : SOCK_STREAM);
  if (!pair) throw SystemError(info.Env(), pair.error(), "make a pair of sockets");
  auto& [ours, theirs] = pair.value();
  if (packets) fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  Napi::Array both = Napi::Array::New(info.Env(), 2);
  both.Set(0u, ours.release());
  both.Set(1u, theirs.release());
  return both;
}

Napi::Value FdValue(const Napi::CallbackInfo& info, os::Result<os::UniqueFd> fd, const char* what) {
  if (!fd) throw SystemError(info.Env(), fd.error(), what);
  return Napi::Number::New(info.Env(), fd.value().release());
}

// listenAbstract(name, backlog): a descriptor, the caller's. The name without the zero in front.
Napi::Value ListenAbstract(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>();
  return FdValue(info, os::ListenAbstract(name, Int32Argument(info, 1)), "listen at an abstract socket");
}

// connectAbstract(name): a descriptor, the caller's.
Napi::Value ConnectAbstract(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>();
  return FdValue(info, os::ConnectAbstract(name), "connect to an abstract socket");
}

// isSocketBound(path): whether the file is a living socket's, which does not notice.
Napi::Value IsSocketBound(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  const os::Result<bool> bound = os::IsSocketBound(path);
  if (!bound) throw SystemError(info.Env(), bound.error(), "look for a socket");
  return Napi::Boolean::New(info.Env(), bound.value());
}

// duplicateFd(fd): another descriptor of the same, the caller's.
Napi::Value DuplicateFd(const Napi::CallbackInfo& info) {
  const int fd = fcntl(Int32Argument(info, 0), F_DUPFD_CLOEXEC, 3);
  if (fd < 0) throw SystemError(info.Env(), os::LastError("fcntl(F_DUPFD_CLOEXEC)"), "duplicate a descriptor");
  return Napi::Number::New(info.Env(), fd);
}

void CloseFd(const Napi::CallbackInfo& info) { close(Int32Argument(info, 0)); }

// writeOut(fd, bytes, whenFull): how many of the bytes were written.
Napi::Value WriteOut(const Napi::CallbackInfo& info) {
  const Napi::Uint8Array bytes = info[1].As<Napi::Uint8Array>();
  const auto when_full = static_cast<os::WhenFull>(Int32Argument(info, 2));
  const size_t written = os::WriteOut(Int32Argument(info, 0), {bytes.Data(), bytes.ByteLength()}, when_full);
  return Napi::Number::New(info.Env(), static_cast<double>(written));
}

// awaitRoom(fd): blocks until something can be written to it, or never again.
void AwaitRoom(const Napi::CallbackInfo& info) { os::AwaitRoom(Int32Argument(info, 0), os::WhenFull::kWait); }

void LetSignalsEnd(const Napi::CallbackInfo&) { os::LetSignalsEnd(); }

// watchFd(fd, onReadable): a watch, which keeps no event loop alive. The descriptor is its own from now on.
Napi::Value Watch(const Napi::CallbackInfo& info) {
  auto watch = std::make_unique<FdWatch>(info.Env(), Int32Argument(info, 0), info[1].As<Napi::Function>());
  return Napi::External<FdWatch>::New(info.Env(), watch.release(), [](Napi::Env, FdWatch* gone) { delete gone; });
}

FdWatch& WatchArgument(const Napi::CallbackInfo& info) { return *info[0].As<Napi::External<FdWatch>>().Data(); }

void PauseWatch(const Napi::CallbackInfo& info) { WatchArgument(info).Pause(); }

void StopWatch(const Napi::CallbackInfo& info) { WatchArgument(info).Stop(); }

void KeepWatchAlive(const Napi::CallbackInfo& info) { WatchArgument(info).KeepLoopAlive(info[1].As<Napi::Boolean>()); }

}  // namespace

void BindDescriptors(Napi::Env env, Napi::Object exports) {
  exports.Set("socketPair", Napi::Function::New(env, SocketPair));
  exports.Set("listenAbstract", Napi::Function::New(env, ListenAbstract));
  exports.Set("connectAbstract", Napi::Function::New(env, ConnectAbstract));
  exports.Set("isSocketBound", Napi::Function::New(env, IsSocketBound));
  exports.Set("duplicateFd", Napi::Function::New(env, DuplicateFd));
  exports.Set("closeFd", Napi::Function::New(env, CloseFd));
  exports.Set("writeOut", Napi::Function::New(env, WriteOut));
  exports.Set("awaitRoom", Napi::Function::New(env, AwaitRoom));
  exports.Set("letSignalsEnd", Napi::Function::New(env, LetSignalsEnd));
  exports.Set("watchFd", Napi::Function::New(env, Watch));
  exports.Set("pauseWatch", Napi::Function::New(env, PauseWatch));
  exports.Set("stopWatch", Napi::Function::New(env, StopWatch));
  exports.Set("keepWatchAlive", Napi::Function::New(env, KeepWatchAlive));
}

}  // namespace forkyard
