// The program's code on huge pages. A copy of a process has the code of its files mapped, but none of it in its page
// tables: it runs into each sixteen pages anew, a hundred times before its first line of its own. Huge pages are copied with
// the process, a dozen entries for all of Node; and a processor that remembers two megabytes by one entry forgets less.
//
// They have to be anonymous: few kernels have huge pages of files. Node does the same at its start, if asked by
// --use-largepages, which takes 20 ms then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace forkyard::os {

class HugeText {
 public:
  // The code around `code`, as far as whole huge pages go. Null where there is nothing to do: it is no file's (any more), or
  // too little of it.
  static std::unique_ptr<HugeText> Of(const void* code);
  ~HugeText();
  HugeText(const HugeText&) = delete;
  HugeText& operator=(const HugeText&) = delete;

  // Copies one page, or, when all are copied, puts them in the place of the code. True: there is more to do. False, and it is
  // not to be called again: it is done; or it cannot be, and everything is as it was, the copy gone. Other threads may run
  // that code all the while.
  bool Step();

 private:
  HugeText(uintptr_t text, size_t bytes) : text_(text), bytes_(bytes) {}
  bool Reserve();
  bool CopyNext();
  void Install();
  void Release();

  const uintptr_t text_;
  const size_t bytes_;
  uintptr_t copy_ = 0;
  size_t copied_ = 0;
};

}  // namespace forkyard::os
