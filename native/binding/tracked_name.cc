// See tracked_name.h. The mark is a line of text: version, pid and start time of the root, pid of the maker, and the
// namespace in which these pids are meant. Who reads it is src/cli/named/.
#include "binding/tracked_name.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "family/names.h"

namespace forkyard {
namespace {

std::string MarkOf(const ArenaHeader& header) {
  struct stat pids {};
  (void)stat("/proc/self/ns/pid", &pids);
  return "1 " + std::to_string(header.root_pid) + " " + std::to_string(header.root_start_time) + " " +
         std::to_string(getpid()) + " " + std::to_string(pids.st_ino);
}

}  // namespace

TrackedName::TrackedName(Napi::Env env, std::string file, bool tracked)
    : environment_(tracked ? &Environment::Opened(env) : nullptr), file_(std::move(file)) {}

TrackedName::~TrackedName() {
  if (entry_) CancelName(environment_->region(), environment_->slot().index, *entry_);
}

os::BeforeNamed TrackedName::BeforeNamed() {
  if (environment_ == nullptr) return nullptr;
  return [this](int fd) { return Prepare(fd); };
}

os::Result<void> TrackedName::Prepare(int fd) {
  const Region& region = environment_->region();
  const os::Result<uint64_t> inode = os::InodeOf(fd);
  if (!inode) return inode.error();
  os::WriteMark(fd, MarkOf(region.header()));
  const os::Result<uint32_t> entry = RegisterName(region, environment_->slot().index, file_, inode.value());
  if (!entry) return entry.error();
  entry_ = entry.value();
  return {};
}

void TrackedName::Confirm() {
  if (!entry_) return;
  const Region& region = environment_->region();
  ConfirmName(region, environment_->slot().index, *std::exchange(entry_, std::nullopt));
  // The root may have gone over the register before the file had its name.
  if (region.header().names_closed.load() != 0) os::RemoveFile(file_.c_str());
}

void TrackedName::Forget(uint64_t inode) {
  const ProcessState* process = ProcessState::Get();
  if (process != nullptr && inode != 0) ForgetName(process->region(), inode);
}

}  // namespace forkyard
