// Queues as JavaScript puts items in and takes them out: native/channel/queue.h.
#pragma once

#include <napi.h>

namespace forkyard {

void BindQueue(Napi::Env env, Napi::Object exports);

}  // namespace forkyard
