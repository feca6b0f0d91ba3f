// The pages that every copy of a process writes to: learnt from the first copy, copied by the others beforehand. The kernel
// copies a page of which it is told in two thirds of the time that it needs when a process runs into it.
#pragma once

#include <utility>

#include "os/mapping.h"

namespace forkyard::os {

class HotPages {
 public:
  // In the original: memory that its copies share. Null where there is none left; then nothing is learnt.
  static HotPages* Create();

  // In a copy that has done what all do, and nothing else yet: remembers which pages it has to itself, for those to come.
  // Once is enough: later calls do nothing. A copy that has written to very much is no example; after three of them nobody tries any more.
  void Learn();

  // In a new copy: makes these pages its own. Nothing if none are known yet.
  void Copy() const;

 private:
  struct Table;
  explicit HotPages(Mapping shared) : shared_(std::move(shared)) {}
  Table& table() const { return *reinterpret_cast<Table*>(shared_.data()); }

  Mapping shared_;
};

}  // namespace forkyard::os
