// Every number that both languages need, exported from one place: JavaScript spells none of them itself.
#pragma once

#include <napi.h>

namespace forkyard {

void BindConstants(Napi::Env env, Napi::Object exports);

}  // namespace forkyard
