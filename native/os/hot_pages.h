// The pages that every copy of a process writes to: learnt from one copy at its end, copied by the others beforehand. The
// kernel copies a page of which it is told in half the time that it needs when a process runs into it.
#pragma once

#include <cstddef>

#include "os/result.h"

namespace forkyard::os {

class HotPages {
 public:
  // In the original: memory that its copies share. Null where there is none left; then nothing is learnt.
  static HotPages* Create();

  // In a copy that is about to end: remembers which pages it has to itself, for all copies to come. Once is enough: later
  // calls do nothing. A copy that has written to very much is no example.
  void Learn();

  // In a new copy: makes these pages its own. Nothing if none are known yet.
  void Copy() const;

 private:
  struct Table;
  explicit HotPages(Table* table) : table_(table) {}

  Table* table_;
};

}  // namespace forkyard::os
