// TrackedName: what the addon does about a name that is to go when the family ends: it is put into the family's register
// (family/names.h), and the file is marked with whose it is, for those who find it when nobody was left to remove it.
#pragma once

#include <napi.h>

#include <optional>
#include <string>

#include "binding/environment.h"
#include "os/shm.h"

namespace forkyard {

class TrackedName {
 public:
  // `file` is its name in /dev/shm. Throws unless this environment has joined a family; does nothing if not `tracked`.
  TrackedName(Napi::Env env, std::string file, bool tracked);
  // Takes the entry back unless the name was confirmed.
  ~TrackedName();
  TrackedName(const TrackedName&) = delete;
  TrackedName& operator=(const TrackedName&) = delete;

  os::BeforeNamed BeforeNamed();
  // The file has its name.
  void Confirm();

  // A file that had a name, tracked or not.
  static void Forget(uint64_t inode);

 private:
  os::Result<void> Prepare(int fd);

  Environment* environment_ = nullptr;  // null: not tracked
  std::string file_;
  std::optional<uint32_t> entry_;
};

}  // namespace forkyard
