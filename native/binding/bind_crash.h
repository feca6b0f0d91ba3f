// Arming the numbered crash points from a test. Where they are not compiled in, both functions do nothing.
#pragma once

#include <napi.h>

#include "binding/arguments.h"
#include "shared/crash_point.h"

namespace forkyard {

inline void BindCrash(Napi::Env env, Napi::Object exports) {
  // armCrashPoint(id, hitsBefore): the process kills itself at the point, after passing it `hitsBefore` times.
  exports.Set("armCrashPoint", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                ArmCrashPoint(Uint32Argument(info, 0), Uint32Argument(info, 1));
              }));
  exports.Set("crashPoint", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                CrashPoint(static_cast<CrashPointId>(Uint32Argument(info, 0)));
              }));
}

}  // namespace forkyard
