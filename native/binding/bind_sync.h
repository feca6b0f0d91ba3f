// Blocks that environments wait at, as JavaScript makes them and blocks at them: native/sync/.
#pragma once

#include <napi.h>

namespace forkyard {

void BindSync(Napi::Env env, Napi::Object exports);

}  // namespace forkyard
