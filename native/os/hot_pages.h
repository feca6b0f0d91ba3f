// The pages that every copy of a process writes to, and those of files that it looks at: learnt from the first copy, copied
// and mapped by the others beforehand. The kernel does so for a page of which it is told in two thirds of the time that it
// needs when a process runs into it, and while nobody waits.
#pragma once

#include <memory>
#include <utility>

#include "os/mapping.h"

namespace forkyard::os {

class HotPages {
 public:
  // In the original: memory that its copies share. Null where there is none left; then nothing is learnt.
  static std::unique_ptr<HotPages> Create();

  // In a copy that has done what all do, and nothing else yet: remembers which pages it has to itself, and which of files.
  // Once is enough: later calls do nothing. A copy that has written to very much is no example; after three of them nobody
  // tries any more.
  void Learn();

  // In a new copy: makes these pages its own, and maps those of files. Nothing if none are known yet.
  void Populate() const;

 private:
  struct Table;
  explicit HotPages(Mapping shared) : shared_(std::move(shared)) {}
  Table& table() const { return *reinterpret_cast<Table*>(shared_.data()); }

  Mapping shared_;
};

}  // namespace forkyard::os
