// What the harnesses have in common: a target is a function of some bytes, which libFuzzer calls with ever new ones and
// test/native/fuzz_corpus_test.cc with those that are kept in corpus/. Whatever the bytes are, it must return.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

namespace forkyard::fuzz {

using Target = void (*)(std::span<const uint8_t> bytes);

struct NamedTarget {
  const char* name;  // of its file, and of its folder in corpus/
  Target run;
};

inline std::vector<NamedTarget>& Targets() {
  static std::vector<NamedTarget> targets;
  return targets;
}

struct Registration {
  Registration(const char* name, Target run) { Targets().push_back({name, run}); }
};

// What holds whatever the bytes are.
#define MUST(condition)                                                                    \
  do {                                                                                     \
    if (!(condition)) {                                                                    \
      std::fprintf(stderr, "%s:%d: MUST(%s) failed\n", __FILE__, __LINE__, #condition);    \
      std::abort();                                                                        \
    }                                                                                      \
  } while (0)

#if FORKYARD_LIBFUZZER
#define FUZZ_TARGET(name)                                                                  \
  static void Fuzz_##name(std::span<const uint8_t> bytes);                                 \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {                \
    Fuzz_##name({data, size});                                                             \
    return 0;                                                                              \
  }                                                                                        \
  static void Fuzz_##name(std::span<const uint8_t> bytes)
#else
#define FUZZ_TARGET(name)                                                                  \
  static void Fuzz_##name(std::span<const uint8_t> bytes);                                 \
  static const ::forkyard::fuzz::Registration fuzz_##name{#name, &Fuzz_##name};            \
  static void Fuzz_##name(std::span<const uint8_t> bytes)
#endif

// Reads the bytes as numbers, one after the other; zeros when they are used up.
class Bytes {
 public:
  explicit Bytes(std::span<const uint8_t> bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }

  template <class Number>
  Number Take() {
    Number number{};
    const size_t size = rest_.size() < sizeof(number) ? rest_.size() : sizeof(number);
    if (size > 0) std::memcpy(&number, rest_.data(), size);
    rest_ = rest_.subspan(size);
    return number;
  }
  uint8_t Byte() { return Take<uint8_t>(); }

  std::span<const uint8_t> TakeSome(size_t most) {
    const std::span<const uint8_t> some = rest_.first(rest_.size() < most ? rest_.size() : most);
    rest_ = rest_.subspan(some.size());
    return some;
  }

 private:
  std::span<const uint8_t> rest_;
};

}  // namespace forkyard::fuzz
