// family/names: who registers, who dies doing so, and what is removed in the end. Real files in /dev/shm.
#include "family/names.h"

#include <fcntl.h>

#include <string>

#include "accounting.h"
#include "os/shm.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

// A file in /dev/shm that is gone at the end of the test.
class File {
 public:
  explicit File(const char* what) : name("fy-names-" + std::to_string(getpid()) + "-" + what) {
    os::Result<os::UniqueFd> fd = os::CreateSharedMemory("/" + name, 10);
    REQUIRE_OK(fd);
    inode = os::InodeOf(fd.value().get()).value();
  }
  ~File() { os::RemoveFile(name.c_str()); }
  bool exists() const { return os::InodeOfFile(name.c_str()) != 0; }

  std::string name;
  uint64_t inode = 0;
};

uint32_t StateOf(const Family& family, uint32_t entry) { return family.region().name(entry).state.load(); }

uint32_t Register(const Family& family, uint32_t slot, const std::string& file, uint64_t inode) {
  os::Result<uint32_t> entry = RegisterName(family.region(), slot, file, inode);
  REQUIRE_OK(entry);
  return entry.value();
}

}  // namespace

TEST(what_is_registered_is_removed_in_the_end_and_nothing_can_be_registered_after_it) {
  Family family;
  File tracked("tracked"), other("other"), cancelled("cancelled"), forgotten("forgotten"), writing("writing");
  ConfirmName(family.region(), 3, Register(family, 3, tracked.name, tracked.inode));
  CancelName(family.region(), 3, Register(family, 3, cancelled.name, cancelled.inode));
  ConfirmName(family.region(), 4, Register(family, 4, forgotten.name, forgotten.inode));
  ForgetName(family.region(), forgotten.inode);
  // One whose name was made, but not yet confirmed.
  Register(family, 5, writing.name, writing.inode);
  RemoveNames(family.region());
  CHECK(!tracked.exists());
  CHECK(!writing.exists());
  CHECK(other.exists());
  CHECK(cancelled.exists());
  CHECK(forgotten.exists());
  CHECK_EQ(RegisterName(family.region(), 3, other.name, other.inode).error().number, ESHUTDOWN);
}

TEST(a_name_that_means_another_file_by_now_is_left_alone) {
  Family family;
  File file("same-name");
  ConfirmName(family.region(), 3, Register(family, 3, file.name, file.inode + 1));
  RemoveNames(family.region());
  CHECK(file.exists());
}

TEST(entries_are_used_again_the_lowest_first) {
  Family family;
  const uint32_t first = Register(family, 3, "fy-none-1", 1);
  const uint32_t second = Register(family, 3, "fy-none-2", 2);
  ConfirmName(family.region(), 3, first);
  ConfirmName(family.region(), 3, second);
  ForgetName(family.region(), 1);
  CHECK_EQ(Register(family, 4, "fy-none-3", 3), first);
  CHECK_EQ(Register(family, 4, "fy-none-4", 4), second + 1);
}

TEST(what_a_dead_slot_was_writing_counts_if_the_file_has_its_name) {
  Family family;
  File file("named");
  const uint32_t named = Register(family, 7, file.name, file.inode);
  const uint32_t unnamed = Register(family, 7, "fy-names-none", 1234);
  const uint32_t others = Register(family, 8, "fy-names-others", 1235);
  SweepNames(family.region(), 7);
  CHECK_EQ(StateOf(family, named), kNamePublished);
  CHECK_EQ(StateOf(family, unnamed), kNameFree);
  CHECK_EQ(StateOf(family, others), kNameFirstWriter + 8);
}

TEST(a_full_register_forgets_what_others_have_removed) {
  Family family;
  File file("kept");
  for (uint32_t index = 0; index < kMaxNames; index++) {
    const bool is_kept = index % 2 == 0;
    const uint32_t entry = Register(family, 3, is_kept ? file.name : "fy-names-gone", is_kept ? file.inode : 1);
    ConfirmName(family.region(), 3, entry);
  }
  CHECK_EQ(Register(family, 3, "fy-names-new", 2), 1u);
  CHECK_EQ(StateOf(family, 0), kNamePublished);
  for (uint32_t index = 1; index < kMaxNames / 2; index++) Register(family, 3, "fy-names-new", 2);
  CHECK_EQ(RegisterName(family.region(), 3, "fy-names-more", 2).error().number, ENFILE);
}

TEST(a_name_that_is_too_long_is_refused) {
  Family family;
  CHECK_EQ(RegisterName(family.region(), 3, std::string(kFileNameChars, 'x'), 1).error().number, ENAMETOOLONG);
}

// Whoever removes the names believes no path that another member wrote, and reads no further than its place.
TEST(a_name_that_leads_elsewhere_is_not_removed) {
  Family family;
  File file("elsewhere");
  const Region& region = family.region();
  for (const std::string& path : {"../shm/" + file.name, "./" + file.name, "/../dev/shm/" + file.name}) {
    const uint32_t entry = Register(family, 3, "x", file.inode);
    ConfirmName(region, 3, entry);
    std::memcpy(region.name(entry).file, path.c_str(), path.size() + 1);
  }
  const uint32_t endless = Register(family, 3, "x", file.inode);
  std::memset(region.name(endless).file, 'y', kFileNameChars);
  SweepNames(region, 3);
  RemoveNames(region);
  CHECK(file.exists());
}
