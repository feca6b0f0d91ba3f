// JavaScript's side of the family: founding and joining, slots, bells, reaping.
#pragma once

#include <napi.h>

namespace forkyard {

void BindFamily(Napi::Env env, Napi::Object exports);

}  // namespace forkyard
