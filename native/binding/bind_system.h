// What the operating system offers by pid, by name and by descriptor, for JavaScript: affinity, priorities, named shared
// memory and semaphores, passing of descriptors. Nothing here needs a family.
#pragma once

#include <napi.h>

namespace forkyard {

void BindSystem(Napi::Env env, Napi::Object exports);

}  // namespace forkyard
