// What belongs to the process and not to one of its JavaScript environments: the mapping of the arena, the liveness
// token's file, the lifelines. Made once, never undone: views and helper threads may be anywhere until exit.
#pragma once

#include <mutex>
#include <vector>

#include "family/reaper.h"
#include "family/slots.h"
#include "memory/arena.h"
#include "os/fd.h"
#include "os/lifeline.h"

namespace forkyard {

struct InheritedDescriptors {
  int arena;
  int liveness;
  std::vector<int> lifelines;  // the root's, and that of the environment that starts the child where it is another;
                               // in the child, descriptions of its own
};

class ProcessState {
 public:
  // Nothing until Found or Join succeeded.
  static ProcessState* Get();

  // This process becomes the root of a family of its own. Again: the same family.
  static os::Result<ProcessState*> Found(const ArenaOptions& options);

  // What can be done of joining before there is a place, and lifelines. Join does so itself where it was not done.
  static os::Result<void> Prepare(int arena, int liveness);

  // This process joins the family whose descriptors it inherited. From here on the root's death is its death.
  static os::Result<ProcessState*> Join(const InheritedDescriptors& descriptors);

  // From here on this process leads a group of its own, with what it starts: the kernel kills them all when the root dies. Not
  // where the system refuses it: then it stays in the group that it is in.
  void LeadGroup();

  const Region& region() const { return region_; }
  const ProcessToken& token() const { return token_; }
  bool is_root() const { return is_root_; }

  // What every child must inherit; an environment adds its own lifeline.
  const InheritedDescriptors& ForChildren() const { return for_children_; }

 private:
  os::Result<void> Identify(int liveness_fd);
  os::Result<void> HoldLifeline();

  Region region_;
  ProcessToken token_;
  bool is_root_ = false;
  os::Lifeline root_lifeline_;  // in the root only
  std::vector<int> attached_;   // those that this process dies by
  InheritedDescriptors for_children_;
};

}  // namespace forkyard
