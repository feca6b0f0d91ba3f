// os::Error as a JavaScript error with `code`, `errno` and `syscall`. What the caller should have done instead, and the
// class of the public error, are the TypeScript side's.
#pragma once

#include <napi.h>

#include "os/result.h"

namespace forkyard {

// "EPERM" and so on; "E<number>" has no static storage, so an unknown number is "EUNKNOWN".
const char* ErrnoName(int number);

// Message "cannot <what>: <description> (<code>, <syscall>)"; `errno` is negative, as in Node's own errors. To be thrown.
Napi::Error SystemError(Napi::Env env, const os::Error& error, const char* what);

}  // namespace forkyard
