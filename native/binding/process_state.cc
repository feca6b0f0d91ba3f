// See process_state.h.
#include "binding/process_state.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "family/names.h"
#include "os/before_death.h"
#include "os/memfd.h"
#include "os/process_identity.h"

namespace forkyard {
namespace {

std::mutex mutex;
// Never destroyed: threads may still use the mapping while static objects are torn down.
ProcessState* current = nullptr;
std::unique_ptr<ProcessState> prepared;

// One byte a slot is locked; the file itself stays empty of meaning.
constexpr uint64_t kLivenessBytes = kMaxSlots;

// At exit(), which all orderly ends of Node come down to; after the last line of JavaScript; and in the handler of a signal
// that ends it. Not in a copy of the root.
void RemoveNamesAtEnd() {
  if (static_cast<uint32_t>(getpid()) == current->token().pid) RemoveNames(current->region());
}

}  // namespace

ProcessState* ProcessState::Get() {
  std::lock_guard<std::mutex> lock(mutex);
  return current;
}

os::Result<ProcessState*> ProcessState::Found(const ArenaOptions& options) {
  std::lock_guard<std::mutex> lock(mutex);
  if (current != nullptr) return current;
  if (os::Result<void> done = os::CheckProc(); !done) return done.error();
  auto state = std::make_unique<ProcessState>();
  os::Result<Region> region = CreateArena(options);
  if (!region) return region.error();
  state->region_ = region.value();
  state->is_root_ = true;
  os::Result<os::UniqueFd> liveness = os::CreateMemfd("forkyard-liveness", kLivenessBytes);
  if (!liveness) return liveness.error();
  if (os::Result<void> done = state->Identify(liveness.value().release()); !done) return done.error();
  if (os::Result<void> done = state->HoldLifeline(); !done) return done.error();
  state->region_.header().root_pid = state->token_.pid;
  state->region_.header().root_start_time = state->token_.start_time;
  current = state.release();
  (void)std::atexit(RemoveNamesAtEnd);
  os::BeforeDeathBySignal(RemoveNamesAtEnd);
  return current;
}

os::Result<void> ProcessState::Prepare(int arena, int liveness) {
  auto state = std::make_unique<ProcessState>();
  os::Result<Region> region = AttachArena(arena);
  if (!region) return region.error();
  state->region_ = region.value();
  fcntl(arena, F_SETFD, FD_CLOEXEC);
  fcntl(liveness, F_SETFD, FD_CLOEXEC);
  if (os::Result<void> done = state->Identify(liveness); !done) return done.error();
  prepared = std::move(state);
  return {};
}

os::Result<ProcessState*> ProcessState::Join(const InheritedDescriptors& descriptors) {
  std::lock_guard<std::mutex> lock(mutex);
  if (current != nullptr) return current;
  // First of all: from here on nobody of us outlives the root.
  for (int inherited : descriptors.lifelines) {
    if (os::Result<void> attached = os::AttachLifeline(inherited); !attached) return attached.error();
    fcntl(inherited, F_SETFD, FD_CLOEXEC);
  }
  if (prepared == nullptr) {
    if (os::Result<void> done = Prepare(descriptors.arena, descriptors.liveness); !done) return done.error();
  }
  if (!descriptors.lifelines.empty()) prepared->for_children_.lifelines.push_back(descriptors.lifelines[0]);
  prepared->attached_ = descriptors.lifelines;
  current = prepared.release();
  return current;
}

// By descriptions of its own: those that it attached to may still be armed, for this process alone, by its parent.
void ProcessState::LeadGroup() {
  if (setpgid(0, 0) != 0) return;
  for (int lifeline : attached_) {
    os::Result<os::UniqueFd> reopened = os::ReopenLifeline(lifeline);
    if (!reopened) continue;
    // Attached to the other one, this process dies with the root in any case.
    if (os::ArmLifeline(reopened.value().get(), -getpid())) (void)reopened.value().release();
  }
}

os::Result<void> ProcessState::Identify(int liveness_fd) {
  os::Result<uint64_t> start_time = os::ProcessStartTime(getpid());
  if (!start_time) return start_time.error();
  token_ = {liveness_fd, static_cast<uint32_t>(getpid()), start_time.value()};
  for_children_.arena = region_.fd();
  for_children_.liveness = liveness_fd;
  return {};
}

// The root's death is the death of all.
os::Result<void> ProcessState::HoldLifeline() {
  os::Result<os::Lifeline> lifeline = os::CreateLifeline();
  if (!lifeline) return lifeline.error();
  root_lifeline_ = lifeline.take();
  for_children_.lifelines.push_back(root_lifeline_.read_end.get());
  return {};
}

}  // namespace forkyard
