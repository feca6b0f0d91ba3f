// Result<T>: a value, or the errno and name of the system call that refused it. The only error type below binding/,
// where it becomes a JavaScript error with `code`, `errno` and `syscall`.
#pragma once

#include <cerrno>
#include <optional>
#include <utility>

namespace forkyard::os {

struct Error {
  int number = 0;            // errno
  const char* syscall = "";  // static storage
};

inline Error LastError(const char* syscall) { return Error{errno, syscall}; }

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : error_(error) {}

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  T& value() { return *value_; }
  const T& value() const { return *value_; }
  T&& take() { return std::move(*value_); }
  const Error& error() const { return error_; }

 private:
  std::optional<T> value_;
  Error error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : ok_(false), error_(error) {}

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const { return error_; }

 private:
  bool ok_ = true;
  Error error_;
};

}  // namespace forkyard::os
