// See bind_forking.h.
#include "binding/bind_forking.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>
#include <uv.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "binding/arguments.h"
#include "binding/error.h"
#include "binding/extra_ca_certs.h"
#include "binding/process_exit.h"
#include "binding/worker_tasks.h"
#include "forking/messages.h"
#include "forking/server.h"
#include "os/anonymous_memory.h"
#include "os/exit_status.h"
#include "os/fd_passing.h"
#include "os/hidden_environment.h"
#include "os/hot_pages.h"
#include "os/huge_text.h"
#include "os/lifeline.h"

namespace forkyard {
namespace {

std::vector<int> FdsArgument(const Napi::CallbackInfo& info, size_t index) {
  if (index >= info.Length() || !info[index].IsArray()) throw Napi::TypeError::New(info.Env(), "an array is needed");
  const auto array = info[index].As<Napi::Array>();
  std::vector<int> fds;
  for (uint32_t i = 0; i < array.Length(); i++) fds.push_back(array.Get(i).As<Napi::Number>().Int32Value());
  return fds;
}

Napi::Array ToArray(Napi::Env env, const std::vector<int>& numbers) {
  Napi::Array array = Napi::Array::New(env, numbers.size());
  for (size_t i = 0; i < numbers.size(); i++) array.Set(static_cast<uint32_t>(i), numbers[i]);
  return array;
}

// attachLifelines(fds): before this process belongs to a family.
void AttachLifelines(const Napi::CallbackInfo& info) {
  for (int fd : FdsArgument(info, 0)) {
    os::Result<void> attached = os::AttachLifeline(fd);
    if (!attached) throw SystemError(info.Env(), attached.error(), "attach to a lifeline");
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

// refuseForks(control, reason): tells the client that this process will not serve it.
void RefuseForks(const Napi::CallbackInfo& info) {
  const int control = Int32Argument(info, 0);
  const std::string reason = info[1].As<Napi::String>();
  const ForkReply reply{ForkReplyKind::kUnfit, 0, 0};
  std::vector<uint8_t> packet(sizeof(reply));
  std::memcpy(packet.data(), &reply, sizeof(reply));
  packet.insert(packet.end(), reason.begin(), reason.end());
  if (packet.size() > kMaxForkPacket) packet.resize(kMaxForkPacket);
  // A client that is gone needs no answer.
  (void)os::SendWithFds(control, {}, packet).ok();
}

// In a copy that serveForks has made.
std::optional<ForkedCopy> forked_copy;

// In a server and its copies; null elsewhere.
std::unique_ptr<os::HotPages> hot_pages;

// What is left of the event loop and of the threads in a copy of this process.
os::Result<void> SettleCopy(Napi::Env env) {
  if (hot_pages != nullptr) hot_pages->Populate();
  TakeOverWorkerTasks();
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  // The epoll instance of the server is not ours to change.
  if (int failed = uv_loop_fork(loop); failed != 0) return os::Error{-failed, "uv_loop_fork"};
  ReplaceProcessExit(env);
  return {};
}

// After JavaScript has run here and before the next fork: brings V8's threads to rest, and gives copies the memory that V8 has
// allocated, which it would keep from them.
os::Result<void> MakeForkable() {
  if (!FinishWorkerTasks()) return os::Error{ETIMEDOUT, "wait"};
  return os::MakeAnonymousMemoryForkable();
}

// Calls it. False: it is done, or has thrown.
bool Improve(const Napi::Function& improve) {
  const Napi::HandleScope scope(improve.Env());
  bool goes_on = false;
  try {
    goes_on = improve.Call({}).ToBoolean();
  } catch (const Napi::Error&) {
  }
  // Its copies would crash.
  if (!MakeForkable()) _exit(1);
  return goes_on;
}

// serveForks(control, spares, { improve, hasHugeText }): blocks. Returns in each copy, never in the server: { pid, isSpare }.
Napi::Value ServeForksHere(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const ServerSockets sockets{Int32Argument(info, 0), Int32Argument(info, 1)};
  const auto idle = info[2].As<Napi::Object>();
  const auto improve = idle.Get("improve").As<Napi::Function>();
  for (int fd : {sockets.control, sockets.spares}) fcntl(fd, F_SETFD, FD_CLOEXEC);
  // Who does not take the offers does not hold up the others.
  fcntl(sockets.spares, F_SETFL, O_NONBLOCK);
  os::HideEnvironment();
  if (os::Result<void> done = MakeForkable(); !done) throw SystemError(env, done.error(), "make this process forkable");
  hot_pages = os::HotPages::Create();
  std::unique_ptr<os::HugeText> text;
  if (idle.Get("hasHugeText").ToBoolean()) text = os::HugeText::Of(reinterpret_cast<void*>(&napi_get_uv_event_loop));
  bool improves = true;
  const auto next_improvement = [&] {
    if (improves) improves = Improve(improve);
    else if (text == nullptr || !text->Step()) text.reset();
    if (improves || text != nullptr) return true;
    // Copies made from now on have other pages to themselves.
    hot_pages = os::HotPages::Create();
    return false;
  };
  os::Result<std::optional<ForkedCopy>> served =
      ServeForks(sockets, {[env] { return SettleCopy(env); }, next_improvement});
  if (!served) throw SystemError(env, served.error(), "serve forks");
  if (!served.value()) _exit(0);
  forked_copy = served.take();
  Napi::Object copy = Napi::Object::New(env);
  copy.Set("pid", static_cast<int>(getpid()));
  copy.Set("isSpare", forked_copy->is_spare());
  return copy;
}

// becomeChild(): in a copy, once, as { invitation, lifelines }. A spare is blocked until it is asked for.
Napi::Value BecomeChild(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  os::Result<ForkedChild> become = forked_copy->Become();
  if (!become) throw SystemError(env, become.error(), "become a child");
  Napi::Object child = Napi::Object::New(env);
  child.Set("invitation", become.value().invitation);
  child.Set("lifelines", ToArray(env, become.value().lifelines));
  return child;
}

// learnPages(): in a copy that is about to run code of others; elsewhere nothing.
void LearnPages(const Napi::CallbackInfo&) {
  if (hot_pages != nullptr) hot_pages->Learn();
}

// What became of a packet. False: not now, or to nobody, of which there will be another word.
bool WasSent(Napi::Env env, const os::Result<void>& sent) {
  if (sent) return true;
  switch (sent.error().number) {
    case EAGAIN:
    case ETOOMANYREFS:  // more descriptors are on their way than this user may have open
    case EPIPE:
    case ECONNRESET:
      return false;
    default:
      throw SystemError(env, sent.error(), "ask the fork server");
  }
}

// requestFork(socket, id, fds, umask, invitation, spare): of a server (spare 0), or of the spare of that number. False if it
// has too much to do, or has just died: then it does not answer, and its end is told.
Napi::Value RequestFork(const Napi::CallbackInfo& info) {
  os::Result<os::Inherited> inherited = os::GetInherited(Uint32Argument(info, 3));
  if (!inherited) throw SystemError(info.Env(), inherited.error(), "read what a child inherits");
  const ForkRequest request{Uint32Argument(info, 1), inherited.take(), info[4].As<Napi::String>()};
  const std::vector<int> fds = FdsArgument(info, 2);
  if (const pid_t spare = Int32Argument(info, 5); spare > 0) {
    // It does so itself as soon as it can; but it may be stopped before that.
    for (size_t i = kFixedRequestFds; i < fds.size(); i++) (void)os::ArmLifeline(fds[i], spare).ok();
  }
  const os::Result<void> sent = os::SendWithFds(Int32Argument(info, 0), fds, EncodeForkRequest(request));
  return Napi::Boolean::New(info.Env(), WasSent(info.Env(), sent));
}

// tellTaken(control, pid): that a spare was asked to be a child. False: it is to be told again.
Napi::Value TellTaken(const Napi::CallbackInfo& info) {
  const os::Result<void> sent =
      os::SendWithFds(Int32Argument(info, 0), {}, EncodeSpareTaken({Int32Argument(info, 1)}));
  return Napi::Boolean::New(info.Env(), WasSent(info.Env(), sent));
}

// receiveForkReply(socket): null if there is none now; kind 0 at the end of the server. `fds` are the caller's.
Napi::Value ReceiveForkReply(const Napi::CallbackInfo& info) {
  auto packet = std::make_unique_for_overwrite<uint8_t[]>(kMaxForkPacket);
  os::Result<os::ReceivedMessage> received =
      os::ReceiveWithFds(Int32Argument(info, 0), {packet.get(), kMaxForkPacket}, os::OnFdShortage::kDataAlone);
  const int number = received ? 0 : received.error().number;
  if (number == EAGAIN || number == EWOULDBLOCK) return info.Env().Null();
  if (!received && number != ECONNRESET) throw SystemError(info.Env(), received.error(), "hear the fork server");
  ForkReply reply{};
  const bool ended = !received || received.value().size < sizeof(reply);
  if (!ended) std::memcpy(&reply, packet.get(), sizeof(reply));
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("kind", ended ? 0 : static_cast<uint32_t>(reply.kind));
  object.Set("id", reply.id);
  object.Set("value", reply.value);
  const auto* text = reinterpret_cast<const char*>(packet.get()) + sizeof(reply);
  object.Set("text", Napi::String::New(info.Env(), text, ended ? 0 : received.value().size - sizeof(reply)));
  std::vector<int> fds;
  if (!ended) {
    for (os::UniqueFd& fd : received.value().fds) fds.push_back(fd.release());
  }
  object.Set("fds", ToArray(info.Env(), fds));
  return object;
}

// randomSeed(): four numbers of 32 bits. Straight from the kernel: no generator of this process, which is a copy.
Napi::Value RandomSeed(const Napi::CallbackInfo& info) {
  int words[4];
  if (getrandom(words, sizeof(words), 0) != static_cast<ssize_t>(sizeof(words))) {
    throw SystemError(info.Env(), os::LastError("getrandom"), "seed the random numbers");
  }
  return ToArray(info.Env(), {words[0], words[1], words[2], words[3]});
}

// environment(): what execve(2) would be given, each entry with a zero byte behind it.
Napi::Value Environment(const Napi::CallbackInfo& info) {
  std::string text;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; entry++) text.append(*entry).push_back('\0');
  return Napi::String::New(info.Env(), text);
}

// loopTurns(): how often the event loop has gone round.
Napi::Value LoopTurns(const Napi::CallbackInfo& info) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(info.Env(), &loop);
  uv_metrics_t metrics;
  uv_metrics_info(loop, &metrics);
  return Napi::Number::New(info.Env(), static_cast<double>(metrics.loop_count));
}

void SetExitCodeHere(const Napi::CallbackInfo& info) { SetExitCode(Int32Argument(info, 0)); }

void EndNow(const Napi::CallbackInfo& info) { EndProcess(Int32Argument(info, 0)); }

Napi::Value CanServeForks(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), CanReplaceProcessExit() && FindWorkerTasks(info.Env()));
}

// statusOfReaped(pidfd): the wait status, or -1.
Napi::Value StatusOfReapedProcess(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), os::StatusOfReaped(Int32Argument(info, 0)).value_or(-1));
}

// canDeferExtraCaCerts(): whether this Node reads them when it starts, and can be told of them later.
Napi::Value CanDeferExtraCaCertsHere(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), CanDeferExtraCaCerts(info.Env()));
}

// deferExtraCaCerts(file): in a process whose Node knows of none.
void DeferExtraCaCertsHere(const Napi::CallbackInfo& info) { DeferExtraCaCerts(info[0].As<Napi::String>()); }

}  // namespace

void BindForking(Napi::Env env, Napi::Object exports) {
  exports.Set("attachLifelines", Napi::Function::New(env, AttachLifelines));
  exports.Set("canServeForks", Napi::Function::New(env, CanServeForks));
  exports.Set("refuseForks", Napi::Function::New(env, RefuseForks));
  exports.Set("serveForks", Napi::Function::New(env, ServeForksHere));
  exports.Set("becomeChild", Napi::Function::New(env, BecomeChild));
  exports.Set("learnPages", Napi::Function::New(env, LearnPages));
  exports.Set("tellTaken", Napi::Function::New(env, TellTaken));
  exports.Set("requestFork", Napi::Function::New(env, RequestFork));
  exports.Set("receiveForkReply", Napi::Function::New(env, ReceiveForkReply));
  exports.Set("environment", Napi::Function::New(env, Environment));
  exports.Set("randomSeed", Napi::Function::New(env, RandomSeed));
  exports.Set("loopTurns", Napi::Function::New(env, LoopTurns));
  exports.Set("setExitCode", Napi::Function::New(env, SetExitCodeHere));
  exports.Set("endNow", Napi::Function::New(env, EndNow));
  exports.Set("canDeferExtraCaCerts", Napi::Function::New(env, CanDeferExtraCaCertsHere));
  exports.Set("deferExtraCaCerts", Napi::Function::New(env, DeferExtraCaCertsHere));
  exports.Set("statusOfReaped", Napi::Function::New(env, StatusOfReapedProcess));
}

}  // namespace forkyard
