// JavaScript's side of fork servers: serving in one, asking one, ending as one of its children; and watching processes
// that are not children of one's own.
#pragma once

#include <napi.h>

namespace forkyard {

void BindForking(Napi::Env env, Napi::Object exports);

}  // namespace forkyard
