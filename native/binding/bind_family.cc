// See bind_family.h. Types are checked here; options were interpreted in src/family/.
#include "binding/bind_family.h"

#include <sched.h>

#include "binding/arguments.h"
#include "binding/environment.h"
#include "binding/error.h"
#include "os/process_identity.h"
#include "os/worker_signals.h"

namespace forkyard {
namespace {

Napi::Value ToValue(Napi::Env env, SlotId id) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("index", id.index);
  object.Set("generation", id.generation);
  return object;
}

SlotId SlotArgument(const Napi::CallbackInfo& info, size_t first) {
  return {Uint32Argument(info, first), Uint32Argument(info, first + 1)};
}

// found(limitBytes, arenaBytes)
Napi::Value Found(const Napi::CallbackInfo& info) {
  ArenaOptions options;
  options.limit_bytes = static_cast<uint64_t>(NumberArgument(info, 0));
  options.arena_bytes = static_cast<uint64_t>(NumberArgument(info, 1));
  os::Result<ProcessState*> process = ProcessState::Found(options);
  if (!process) throw SystemError(info.Env(), process.error(), "make the shared memory of the family");
  return info.Env().Undefined();
}

// prepareJoin(arenaFd, livenessFd): what join() would do first, in a process that has nothing else to do.
Napi::Value PrepareJoin(const Napi::CallbackInfo& info) {
  os::Result<void> done = ProcessState::Prepare(Int32Argument(info, 0), Int32Argument(info, 1));
  if (!done) throw SystemError(info.Env(), done.error(), "prepare to join the family");
  return info.Env().Undefined();
}

// join(arenaFd, livenessFd, lifelineFds)
Napi::Value Join(const Napi::CallbackInfo& info) {
  InheritedDescriptors inherited;
  inherited.arena = Int32Argument(info, 0);
  inherited.liveness = Int32Argument(info, 1);
  Napi::Array lifelines = info[2].As<Napi::Array>();
  for (uint32_t i = 0; i < lifelines.Length(); i++) {
    inherited.lifelines.push_back(lifelines.Get(i).As<Napi::Number>().Int32Value());
  }
  os::Result<ProcessState*> process = ProcessState::Join(inherited);
  if (!process) throw SystemError(info.Env(), process.error(), "join the family");
  return info.Env().Undefined();
}

// leadGroup(): of processes, that the root's death is the death of.
Napi::Value LeadGroup(const Napi::CallbackInfo& info) {
  ProcessState::Get()->LeadGroup();
  return info.Env().Undefined();
}

// heedOnly(pid): see worker_signals.h.
Napi::Value HeedOnly(const Napi::CallbackInfo& info) {
  os::HeedOnly(Int32Argument(info, 0));
  return info.Env().Undefined();
}

// A reservation without a parent may be taken for one whose parent is dead, and swept, before it is claimed: then
// another one is made.
void OpenFresh(Napi::Env env, ProcessState* process, Napi::Function on_bell) {
  for (;;) {
    std::optional<SlotId> fresh = ReserveSlot(process->region(), SlotId{kNoSlot, 0});
    if (!fresh) throw SystemError(env, os::Error{EAGAIN, "reserve slot"}, "find a free slot in the family");
    if (Environment::Of(env).Open(process, *fresh, on_bell)) return;
  }
}

// open(onBell, slot?, generation?): without a slot, a fresh one of this process.
Napi::Value Open(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  ProcessState* process = ProcessState::Get();
  if (process == nullptr) throw Napi::Error::New(env, "forkyard: this process belongs to no family yet");
  Napi::Function on_bell = info[0].As<Napi::Function>();
  if (info.Length() > 1 && info[1].IsNumber()) {
    if (!Environment::Of(env).Open(process, SlotArgument(info, 1), on_bell)) {
      throw SystemError(env, os::Error{ESTALE, "claim slot"}, "claim the slot that the parent reserved");
    }
  } else {
    OpenFresh(env, process, on_bell);
  }
  return ToValue(env, Environment::Of(env).slot());
}

Napi::Value IsFounded(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), ProcessState::Get() != nullptr);
}

// descriptors(): [arena, liveness, ...lifelines]. The lifelines are new; they go by armLifelines.
Napi::Value Descriptors(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  os::Result<InheritedDescriptors> own = Environment::Opened(env).ForChildren();
  if (!own) throw SystemError(env, own.error(), "make a lifeline for the children");
  const InheritedDescriptors& descriptors = own.value();
  Napi::Array all = Napi::Array::New(env);
  all.Set(0u, descriptors.arena);
  all.Set(1u, descriptors.liveness);
  std::vector<os::UniqueFd> opened;
  for (int lifeline : descriptors.lifelines) {
    os::Result<os::UniqueFd> reopened = os::ReopenLifeline(lifeline);
    if (!reopened) throw SystemError(env, reopened.error(), "open a lifeline for a child");
    opened.push_back(reopened.take());
  }
  for (os::UniqueFd& fd : opened) all.Set(all.Length(), fd.release());
  return all;
}

// armLifelines(fds, pid): a child was started with them, or (pid 0) was not; they are closed here.
Napi::Value ArmLifelines(const Napi::CallbackInfo& info) {
  Napi::Array fds = info[0].As<Napi::Array>();
  pid_t pid = Int32Argument(info, 1);
  for (uint32_t i = 0; i < fds.Length(); i++) {
    os::UniqueFd fd(fds.Get(i).As<Napi::Number>().Int32Value());
    // It may have ended already.
    if (pid > 0) (void)os::ArmLifeline(fd.get(), pid);
  }
  return info.Env().Undefined();
}

Napi::Value Reserve(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  std::optional<SlotId> id = ReserveSlot(self.region(), self.slot());
  if (!id) throw SystemError(info.Env(), os::Error{EAGAIN, "reserve slot"}, "find a free slot in the family");
  return ToValue(info.Env(), *id);
}

Napi::Value Cancel(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  return Napi::Boolean::New(info.Env(), CancelReservation(self.region(), SlotArgument(info, 0)));
}

// renewReservation(slot, generation): the new generation, or -1 if the slot is claimed.
Napi::Value Renew(const Napi::CallbackInfo& info) {
  std::optional<SlotId> id = RenewReservation(Environment::Opened(info.Env()).region(), SlotArgument(info, 0));
  return Napi::Number::New(info.Env(), id ? static_cast<double>(id->generation) : -1);
}

Napi::Value Claimant(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), ClaimantOf(Environment::Opened(info.Env()).region(), SlotArgument(info, 0)));
}

Napi::Value Gone(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  return Napi::Boolean::New(info.Env(), IsGone(self.region(), SlotArgument(info, 0)));
}

Napi::Value Reap(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  uint32_t index = Uint32Argument(info, 0);
  if (index >= kNoSlot) throw Napi::RangeError::New(info.Env(), "slot out of range");
  return Napi::Number::New(info.Env(), static_cast<int>(self.reaper().Reap(index)));
}

Napi::Value ReapAll(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Environment::Opened(info.Env()).reaper().ReapAll());
}

Napi::Value ReapOrphans(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Environment::Opened(info.Env()).reaper().ReapOrphans());
}

Napi::Value RingBellOf(const Napi::CallbackInfo& info) {
  Environment::Opened(info.Env()).Ring(Uint32Argument(info, 0));
  return info.Env().Undefined();
}

// yieldProcessor(): lets whatever else can run on this processor run first.
Napi::Value YieldProcessor(const Napi::CallbackInfo& info) {
  sched_yield();
  return info.Env().Undefined();
}

Napi::Value KeepLoopAlive(const Napi::CallbackInfo& info) {
  Environment::Opened(info.Env()).KeepLoopAlive(info[0].As<Napi::Boolean>());
  return info.Env().Undefined();
}

// The slots as one buffer: JavaScript reads and writes epochs in it.
Napi::Value SlotTable(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  return Napi::ArrayBuffer::New(info.Env(), self.region().At(kSlotsOffset), kMaxSlots * sizeof(Slot));
}

// The places of those who spin; JavaScript takes and leaves them.
Napi::Value SpinnerTable(const Napi::CallbackInfo& info) {
  Environment& self = Environment::Opened(info.Env());
  auto& spinners = self.region().header().spinners;
  return Napi::ArrayBuffer::New(info.Env(), &spinners, sizeof(spinners));
}

// slots(): what stands in the table, for tests and tools.
Napi::Value Slots(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Environment& self = Environment::Opened(env);
  const Region& region = self.region();
  Napi::Array all = Napi::Array::New(env);
  const uint32_t high = region.SlotsUsed();
  for (uint32_t index = 0; index < high; index++) {
    SlotCondition condition = ConditionOf(region, self.process().token(), index);
    if (condition == SlotCondition::kUnused) continue;
    static const char* const kNames[] = {"unused", "reserved", "alive", "dead", "being-reaped"};
    Napi::Object object = Napi::Object::New(env);
    object.Set("index", index);
    object.Set("generation", SlotWord::Unpack(region.slot(index).word.load()).generation);
    object.Set("condition", kNames[static_cast<int>(condition)]);
    object.Set("pid", region.slot(index).pid.load());
    object.Set("thread", region.slot(index).thread.load());
    all.Set(all.Length(), object);
  }
  return all;
}

Napi::Value AddChild(const Napi::CallbackInfo& info) {
  Environment::Opened(info.Env()).AddChild(Int32Argument(info, 0));
  return info.Env().Undefined();
}

Napi::Value ForgetChild(const Napi::CallbackInfo& info) {
  Environment::Opened(info.Env()).ForgetChild(Int32Argument(info, 0));
  return info.Env().Undefined();
}

// openPidfd(pid): a descriptor that the caller closes.
Napi::Value OpenPidfd(const Napi::CallbackInfo& info) {
  os::Result<os::UniqueFd> fd = os::OpenPidfd(Int32Argument(info, 0));
  if (!fd) throw SystemError(info.Env(), fd.error(), "open a pidfd");
  return Napi::Number::New(info.Env(), fd.value().release());
}

// signalPidfd(fd, signal): false if the process has ended.
Napi::Value SignalPidfd(const Napi::CallbackInfo& info) {
  os::Result<void> sent = os::SignalPidfd(Int32Argument(info, 0), Int32Argument(info, 1));
  if (!sent && sent.error().number != ESRCH) throw SystemError(info.Env(), sent.error(), "signal a process");
  return Napi::Boolean::New(info.Env(), sent.ok());
}

// waitPidfd(fd, timeoutMs): blocks; whether the process has ended. -1: no time-out.
Napi::Value WaitPidfd(const Napi::CallbackInfo& info) {
  os::Result<bool> ended = os::PidfdEnded(Int32Argument(info, 0), Int32Argument(info, 1));
  if (!ended) throw SystemError(info.Env(), ended.error(), "wait for a process");
  return Napi::Boolean::New(info.Env(), ended.value());
}

}  // namespace

void BindFamily(Napi::Env env, Napi::Object exports) {
  auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("found", Found);
  add("prepareJoin", PrepareJoin);
  add("join", Join);
  add("leadGroup", LeadGroup);
  add("heedOnly", HeedOnly);
  add("open", Open);
  add("isFounded", IsFounded);
  add("descriptors", Descriptors);
  add("armLifelines", ArmLifelines);
  add("reserveSlot", Reserve);
  add("cancelReservation", Cancel);
  add("renewReservation", Renew);
  add("claimantOf", Claimant);
  add("isGone", Gone);
  add("reap", Reap);
  add("reapAll", ReapAll);
  add("reapOrphans", ReapOrphans);
  add("ring", RingBellOf);
  add("keepLoopAlive", KeepLoopAlive);
  add("yieldProcessor", YieldProcessor);
  add("slotTable", SlotTable);
  add("spinnerTable", SpinnerTable);
  add("slots", Slots);
  add("addChild", AddChild);
  add("forgetChild", ForgetChild);
  add("openPidfd", OpenPidfd);
  add("signalPidfd", SignalPidfd);
  add("waitPidfd", WaitPidfd);
}

}  // namespace forkyard
