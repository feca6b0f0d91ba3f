// Slabs and shared blocks as buffers of JavaScript, and the references of messages in rings.
#pragma once

#include <napi.h>

namespace forkyard {

void BindSlabs(Napi::Env env, Napi::Object exports);

}  // namespace forkyard
