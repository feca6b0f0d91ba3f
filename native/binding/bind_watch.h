// Descriptors that JavaScript watches. The JavaScript face is in src/native/contract-forking.ts.
#pragma once

#include <napi.h>

namespace forkyard {

void BindWatch(Napi::Env env, Napi::Object exports);

}  // namespace forkyard
