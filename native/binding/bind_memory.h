// JavaScript's side of the arena: slabs and rings as buffers, references as numbers of ledger cells.
#pragma once

#include <napi.h>

namespace forkyard {

void BindMemory(Napi::Env env, Napi::Object exports);

}  // namespace forkyard
