// Environment: what one JavaScript environment (the main thread, or a worker_threads worker) has of the family: its
// slot, its allocator, its ledger, its bell on the event loop. Kept as Node-API instance data, never static.
#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "binding/process_state.h"
#include "binding/queue_exchange.h"
#include "memory/allocator.h"

namespace forkyard {

class Environment {
 public:
  explicit Environment(Napi::Env env) : env_(env) {}
  ~Environment();

  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
  // Throws a JavaScript error unless this environment has opened its slot.
  static Environment& Opened(Napi::Env env);

  // Claims `slot` and begins to listen to its bell: `on_bell` is called on the event loop. False if the reservation is
  // no longer there.
  bool Open(ProcessState* process, SlotId slot, Napi::Function on_bell);
  bool open() const { return open_; }

  const Region& region() const { return process_->region(); }
  ProcessState& process() const { return *process_; }
  SlotId slot() const { return slot_; }
  Allocator& allocator() { return *allocator_; }
  Reaper reaper() const;

  // An unused cell of the ledger, by number. Nothing if all are in use.
  std::optional<uint32_t> TakeCell();
  // How many TakeCell has yet to give.
  uint32_t cells_left() const {
    return kLedgerCells - next_cell_ + static_cast<uint32_t>(free_cells_.size());
  }
  uint64_t CellOffset(uint32_t cell) const { return Region::LedgerCell(slot_.index, cell); }
  // A block that a cell of this environment refers to.
  struct Allocation {
    uint32_t cell = 0;
    uint64_t block = 0;
    AllocationFailure failure = AllocationFailure::kNone;
  };
  Allocation Allocate(uint64_t payload_bytes, BlockKind kind);
  // Whether another cell than this refers to the block.
  bool RefersBeside(uint32_t cell, uint64_t block) const;
  // Releases what the cell refers to, if anything, and takes the cell back.
  void ReturnCell(uint32_t cell);

  // Of the cells that buffers of JavaScript hold: where they have their numbers, which are taken away from who gives one up
  // before it is collected.
  std::unordered_map<uint32_t, std::optional<uint32_t>*>& views() { return views_; }

  // Of this environment alone; made when it is first asked for.
  QueueExchange& queue_exchange();
  Napi::ArrayBuffer queue_exchange_buffer();

  // What a child of this environment must inherit.
  os::Result<InheritedDescriptors> ForChildren();
  // Children are waited for when the environment ends before them: its event loop no longer does.
  void AddChild(pid_t pid) { children_.insert(pid); }
  void ForgetChild(pid_t pid) { children_.erase(pid); }

  void KeepLoopAlive(bool alive);
  void Ring(uint32_t slot) const;

  // A buffer over a block may be finalised after the environment has closed: it holds this instead of the pointer.
  struct Link {
    Environment* environment;
  };
  std::shared_ptr<Link> link() const { return link_; }

 private:
  void StartListening();
  void Close();
  void EndChildren();
  void OnBell();

  Napi::Env env_;
  bool open_ = false;
  ProcessState* process_ = nullptr;
  SlotId slot_;
  std::optional<Allocator> allocator_;
  std::vector<uint32_t> free_cells_;
  uint32_t next_cell_ = 0;
  std::unordered_map<uint32_t, std::optional<uint32_t>*> views_;
  QueueExchange* queue_exchange_ = nullptr;
  Napi::Reference<Napi::ArrayBuffer> queue_exchange_buffer_;
  os::UniqueFd bell_;
  uv_poll_t* poll_ = nullptr;
  os::Lifeline lifeline_;
  std::set<pid_t> children_;
  Napi::FunctionReference on_bell_;
  std::unique_ptr<Napi::AsyncContext> context_;
  std::shared_ptr<Link> link_ = std::make_shared<Link>(Link{this});
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
};

}  // namespace forkyard
