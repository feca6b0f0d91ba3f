// Named shared memory and named semaphores for JavaScript, as closable handles. BindSystem calls it.
#pragma once

#include <napi.h>

namespace forkyard {

void BindNamed(Napi::Env env, Napi::Object exports);

}  // namespace forkyard
