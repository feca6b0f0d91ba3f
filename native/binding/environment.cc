// See environment.h.
#include "binding/environment.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binding/call_back.h"
#include "binding/error.h"
#include "parking/bell.h"
#include "channel/sweep.h"

namespace forkyard {

namespace {

constexpr int kChildEndMs = 2000;

// A fork server's child is not ours to reap.
bool HasEnded(pid_t pid) {
  const pid_t reaped = waitpid(pid, nullptr, WNOHANG);
  return reaped > 0 || (reaped < 0 && kill(pid, 0) != 0);
}

}  // namespace

Environment::~Environment() { link_->environment = nullptr; }

Environment& Environment::Opened(Napi::Env env) {
  Environment& self = Of(env);
  if (!self.open_) throw Napi::Error::New(env, "forkyard: this environment has not joined a family");
  return self;
}

QueueExchange& Environment::queue_exchange() {
  if (queue_exchange_ == nullptr) queue_exchange_buffer();
  return *queue_exchange_;
}

Napi::ArrayBuffer Environment::queue_exchange_buffer() {
  if (!queue_exchange_buffer_.IsEmpty()) return queue_exchange_buffer_.Value();
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env_, sizeof(QueueExchange));
  queue_exchange_buffer_ = Napi::Reference<Napi::ArrayBuffer>::New(buffer, 1);
  queue_exchange_ = static_cast<QueueExchange*>(buffer.Data());
  return buffer;
}

bool Environment::Open(ProcessState* process, SlotId slot, Napi::Function on_bell) {
  if (os::Result<void> claimed = ClaimSlot(process->region(), process->token(), slot); !claimed) {
    if (claimed.error().number == ESTALE) return false;
    throw SystemError(env_, claimed.error(), "claim a slot of the family");
  }
  process_ = process;
  slot_ = slot;
  allocator_.emplace(process->region(), slot.index);
  open_ = true;
  on_bell_ = Napi::Persistent(on_bell);
  context_ = std::make_unique<Napi::AsyncContext>(env_, "forkyard:bell");
  try {
    StartListening();
  } catch (...) {
    open_ = false;
    reaper().Retire();
    throw;
  }
  return true;
}

void Environment::StartListening() {
  os::Result<os::UniqueFd> socket = OpenBell(region(), slot_.index);
  if (!socket) throw SystemError(env_, socket.error(), "open the bell");
  bell_ = socket.take();
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env_, &loop);
  auto poll = std::make_unique<uv_poll_t>();
  if (int failed = uv_poll_init(loop, poll.get(), bell_.get()); failed != 0) {
    throw SystemError(env_, os::Error{-failed, "uv_poll_init"}, "listen to the bell");
  }
  poll_ = poll.release();
  poll_->data = this;
  uv_poll_start(poll_, UV_READABLE,
                [](uv_poll_t* handle, int, int) { static_cast<Environment*>(handle->data)->OnBell(); });
  // A pending promise keeps the loop alive, listening alone does not.
  uv_unref(reinterpret_cast<uv_handle_t*>(poll_));
  napi_add_async_cleanup_hook(
      env_, [](napi_async_cleanup_hook_handle, void* self) { static_cast<Environment*>(self)->Close(); }, this,
      &cleanup_);
}

void Environment::OnBell() {
  os::DrainBellSocket(bell_.get());
  Napi::HandleScope scope(env_);
  CallBack(env_, *context_, on_bell_.Value());
}

// The end of the environment, orderly or by worker.terminate(): its belongings are swept like a dead one's. The
// buffers it still has are gone with its heap; nobody can look at their memory any more.
void Environment::Close() {
  open_ = false;
  link_->environment = nullptr;
  EndChildren();
  reaper().Retire();
  on_bell_.Reset();
  context_.reset();
  uv_poll_stop(poll_);
  uv_close(reinterpret_cast<uv_handle_t*>(poll_), [](uv_handle_t* handle) {
    Environment* self = static_cast<Environment*>(handle->data);
    self->bell_.reset();
    delete reinterpret_cast<uv_poll_t*>(handle);
    napi_remove_async_cleanup_hook(self->cleanup_);
  });
}

// An environment's death is the death of its descendants, even where its process lives on (worker.terminate()): so each
// has a lifeline of its own, but for the root's main thread, which ends with the root's.
os::Result<InheritedDescriptors> Environment::ForChildren() {
  InheritedDescriptors all = process_->ForChildren();
  if (process_->is_root() && getpid() == gettid()) return all;
  if (!lifeline_.read_end.valid()) {
    os::Result<os::Lifeline> made = os::CreateLifeline();
    if (!made) return made.error();
    lifeline_ = made.take();
  }
  all.lifelines.push_back(lifeline_.read_end.get());
  return all;
}

// The lifeline kills them; nobody else would wait for them, and zombies would stay until the process ends.
void Environment::EndChildren() {
  if (!lifeline_.write_end.valid()) return;
  lifeline_.write_end.reset();
  for (pid_t pid : children_) {
    for (int waited_ms = 0; !HasEnded(pid) && waited_ms < kChildEndMs; waited_ms++) usleep(1000);
  }
  reaper().ReapAll();
}

Reaper Environment::reaper() const { return {process_->region(), process_->token(), slot_, SweepSlot}; }

std::optional<uint32_t> Environment::TakeCell() {
  if (!free_cells_.empty()) {
    uint32_t cell = free_cells_.back();
    free_cells_.pop_back();
    return cell;
  }
  if (next_cell_ == kLedgerCells) return std::nullopt;
  // Raised before the cell is used: a sweep after our death must see it.
  region().slot(slot_.index).ledger_high.store(next_cell_ + 1);
  return next_cell_++;
}

bool Environment::RefersBeside(uint32_t cell, uint64_t block) const {
  const uint32_t high = region().slot(slot_.index).ledger_high.load();
  for (uint32_t other = 0; other < high; other++) {
    if (other != cell && region().word(CellOffset(other)).load() == block) return true;
  }
  return false;
}

Environment::Allocation Environment::Allocate(uint64_t payload_bytes, BlockKind kind) {
  std::optional<uint32_t> cell = TakeCell();
  if (!cell) return {0, 0, AllocationFailure::kLedgerFull};
  Allocator::Outcome outcome = allocator_->Allocate(payload_bytes, kind, CellOffset(*cell));
  if (outcome.failure != AllocationFailure::kNone) ReturnCell(*cell);
  return {*cell, outcome.block, outcome.failure};
}

void Environment::ReturnCell(uint32_t cell) {
  allocator_->Release(CellOffset(cell));
  free_cells_.push_back(cell);
}

void Environment::KeepLoopAlive(bool alive) {
  uv_handle_t* handle = reinterpret_cast<uv_handle_t*>(poll_);
  if (alive) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void Environment::Ring(uint32_t slot) const {
  if (os::Result<void> rung = RingBell(region(), bell_.get(), slot); !rung) {
    throw SystemError(env_, rung.error(), "ring a bell");
  }
}

}  // namespace forkyard
