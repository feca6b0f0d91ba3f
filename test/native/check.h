// The test harness of the native core: TEST, CHECK, REQUIRE, forked children and a watchdog, in one header without
// dependencies. One executable per *_test.cc (main is below, weak, so several may also be linked together).
//
//   TEST(name) { ... }            registers a test; all run in order, `./x_test part` runs those whose name contains it
//   CHECK(x) CHECK_EQ(a, b)       note a failure with file:line and go on
//   CHECK_OK(r) CHECK_ERRNO(r, e) for os::Result: it has a value / it failed with this errno
//   REQUIRE(x) REQUIRE_OK(r)      as CHECK, but end this test: for what the rest needs. Calling thread only
//   SKIP("reason")                end this test as not applicable; the reason is printed
//   Child c = ForkChild([] { ...; return 3; });  CHECK_EXITED(c.Wait(), 3);  c.Kill(SIGKILL);  CHECK_SIGNALED(...)
//     A CHECK that fails in the child makes its exit code kFailedChild. A Child still running is killed and reaped when
//     it goes out of scope.
//
// CHECK may be used from any thread and any forked child. A test that runs longer than FORKYARD_TEST_TIMEOUT_S
// (default 300) is named and ends the program, together with its children.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#define TEST(name)                                                                          \
  static void Test_##name();                                                                \
  static const ::forkyard::test::Registration registration_##name{#name, &Test_##name};     \
  static void Test_##name()

#define CHECK(condition)                                                                    \
  do {                                                                                      \
    if (!(condition)) ::forkyard::test::Fail(__FILE__, __LINE__, "CHECK(" #condition ")");  \
  } while (0)

#define CHECK_EQ(actual, expected) \
  ::forkyard::test::CheckEqual((actual), (expected), __FILE__, __LINE__, "CHECK_EQ(" #actual ", " #expected ")")

#define CHECK_OK(result) ::forkyard::test::CheckOk((result), __FILE__, __LINE__, "CHECK_OK(" #result ")")

#define CHECK_ERRNO(result, number) \
  ::forkyard::test::CheckErrno((result), (number), __FILE__, __LINE__, "CHECK_ERRNO(" #result ", " #number ")")

#define REQUIRE(condition)                                                                  \
  do {                                                                                      \
    if (!(condition)) {                                                                     \
      ::forkyard::test::Fail(__FILE__, __LINE__, "REQUIRE(" #condition ")");                \
      throw ::forkyard::test::Abandoned{};                                                  \
    }                                                                                       \
  } while (0)

#define REQUIRE_OK(result)                                                                            \
  do {                                                                                                \
    if (!::forkyard::test::CheckOk((result), __FILE__, __LINE__, "REQUIRE_OK(" #result ")"))          \
      throw ::forkyard::test::Abandoned{};                                                            \
  } while (0)

#define SKIP(reason) throw ::forkyard::test::Skipped{reason}

#define CHECK_EXITED(status, code) \
  ::forkyard::test::CheckEqual(::forkyard::test::DescribeStatus(status), "exit " + std::to_string(code), __FILE__, \
                               __LINE__, "CHECK_EXITED(" #status ", " #code ")")

#define CHECK_SIGNALED(status, number) \
  ::forkyard::test::CheckEqual(::forkyard::test::DescribeStatus(status), "signal " + std::to_string(number), \
                               __FILE__, __LINE__, "CHECK_SIGNALED(" #status ", " #number ")")

namespace forkyard::test {

constexpr int kFailedChild = 70;

struct Abandoned {};
struct Skipped {
  const char* reason;
};

struct Case {
  const char* name;
  void (*body)();
};

inline std::vector<Case>& Cases() {
  static std::vector<Case> cases;
  return cases;
}

struct Registration {
  Registration(const char* name, void (*body)()) { Cases().push_back({name, body}); }
};

inline std::atomic<int> failures{0};
inline std::atomic<const char*> current_test{""};
// Children that the watchdog must take along; a slot holding 0 is free.
inline std::array<std::atomic<pid_t>, 256> live_children{};

inline void Fail(const char* file, int line, const std::string& text) {
  failures.fetch_add(1);
  // One call, so that lines of several threads and processes do not mix.
  std::fprintf(stderr, "%s:%d: %s failed in %s\n", file, line, text.c_str(), current_test.load());
}

template <class T>
std::string Show(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<long long>(value));
  } else if constexpr (requires(std::ostream& out) { out << value; }) {
    std::ostringstream out;
    out << std::boolalpha << value;
    return out.str();
  } else if constexpr (requires { value.begin() != value.end(); }) {
    std::string text = "{";
    for (const auto& item : value) text += (text.size() > 1 ? ", " : "") + Show(item);
    return text + "}";
  } else {
    return "(value of " + std::to_string(sizeof(T)) + " bytes)";
  }
}

template <class T>
concept PlainInteger = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

template <class A, class B>
bool CheckEqual(const A& actual, const B& expected, const char* file, int line, const char* text) {
  bool equal;
  if constexpr (PlainInteger<A> && PlainInteger<B>) {
    equal = std::cmp_equal(actual, expected);
  } else {
    equal = actual == expected;
  }
  if (!equal) Fail(file, line, std::string(text) + ": got " + Show(actual) + ", expected " + Show(expected));
  return equal;
}

template <class R>
bool CheckOk(const R& result, const char* file, int line, const char* text) {
  if (result.ok()) return true;
  Fail(file, line, std::string(text) + ": " + result.error().syscall + ": " + std::strerror(result.error().number));
  return false;
}

template <class R>
bool CheckErrno(const R& result, int number, const char* file, int line, const char* text) {
  if (!result.ok() && result.error().number == number) return true;
  std::string got = result.ok() ? "success" : std::strerror(result.error().number);
  Fail(file, line, std::string(text) + ": got " + got + ", expected " + std::strerror(number));
  return false;
}

inline std::string DescribeStatus(int status) {
  if (WIFEXITED(status)) return "exit " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "status " + std::to_string(status);
}

class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {
    for (auto& place : live_children) {
      pid_t free = 0;
      if (place.compare_exchange_strong(free, pid)) break;
    }
  }
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), status_(other.status_), waited_(other.waited_) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0 || waited_) return;
    ::kill(pid_, SIGKILL);
    Wait();
  }

  pid_t pid() const { return pid_; }
  void Kill(int signal_number) const { ::kill(pid_, signal_number); }

  /** The wait status of the child (waitpid); once known it is only repeated. */
  int Wait() {
    while (!waited_) {
      if (::waitpid(pid_, &status_, 0) == pid_) {
        waited_ = true;
        for (auto& place : live_children) {
          pid_t mine = pid_;
          if (place.compare_exchange_strong(mine, 0)) break;
        }
      } else if (errno != EINTR) {
        std::perror("waitpid");
        std::abort();
      }
    }
    return status_;
  }

 private:
  pid_t pid_;
  int status_ = 0;
  bool waited_ = false;
};

/** Runs body in a forked child, which exits with its value (0 for void) and never returns into the test. */
template <class F>
Child ForkChild(F&& body) {
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) {
    std::perror("fork");
    std::abort();
  }
  if (pid > 0) return Child(pid);
  for (auto& place : live_children) place.store(0);
  failures.store(0);
  int code = 0;
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      body();
    } else {
      code = body();
    }
  } catch (const Abandoned&) {
    code = kFailedChild;
  } catch (const Skipped&) {
    code = kFailedChild;
  }
  std::fflush(nullptr);
  ::_exit(failures.load() > 0 ? kFailedChild : code);
}

// Only async-signal-safe calls.
inline void OnWatchdog(int) {
  const auto say = [](const char* text) { (void)!::write(STDERR_FILENO, text, std::strlen(text)); };
  say("TIMEOUT in ");
  say(current_test.load());
  say("\n");
  for (auto& place : live_children) {
    const pid_t pid = place.load();
    if (pid > 0) ::kill(pid, SIGKILL);
  }
  ::_exit(1);
}

inline void RunCase(const Case& test, unsigned timeout_s) {
  const int failures_before = failures.load();
  const char* skipped = nullptr;
  current_test.store(test.name);
  ::alarm(timeout_s);
  try {
    test.body();
  } catch (const Abandoned&) {
  } catch (const Skipped& skip) {
    skipped = skip.reason;
  }
  ::alarm(0);
  if (failures.load() != failures_before) {
    std::printf("FAIL %s\n", test.name);
  } else if (skipped != nullptr) {
    std::printf("skip %s: %s\n", test.name, skipped);
  } else {
    std::printf("ok   %s\n", test.name);
  }
  std::fflush(stdout);
}

inline int RunAll(const char* filter) {
  const char* text = std::getenv("FORKYARD_TEST_TIMEOUT_S");
  const int timeout_s = text != nullptr && std::atoi(text) > 0 ? std::atoi(text) : 300;
  ::signal(SIGALRM, OnWatchdog);
  int run = 0;
  for (const Case& test : Cases()) {
    if (filter != nullptr && std::strstr(test.name, filter) == nullptr) continue;
    RunCase(test, static_cast<unsigned>(timeout_s));
    run++;
  }
  if (run == 0) std::fprintf(stderr, "no test has that name\n");
  return run > 0 && failures.load() == 0 ? 0 : 1;
}

}  // namespace forkyard::test

__attribute__((weak)) int main(int argc, char** argv) {
  return forkyard::test::RunAll(argc > 1 ? argv[1] : nullptr);
}
