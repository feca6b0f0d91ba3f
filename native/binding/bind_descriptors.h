// Descriptors as JavaScript has them: pairs of sockets, and watches of its event loop. The JavaScript face is in
// src/native/contract-forking.ts.
#pragma once

#include <napi.h>

namespace forkyard {

void BindDescriptors(Napi::Env env, Napi::Object exports);

}  // namespace forkyard
