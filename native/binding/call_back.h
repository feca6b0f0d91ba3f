// Calling JavaScript from the event loop.
#pragma once

#include <napi.h>

namespace forkyard {

// What the callback throws is an uncaught exception of the program, as from any event. No object of node-addon-api is
// made of it: where the environment is being terminated, none can be made any more. Within a handle scope.
inline void CallBack(Napi::Env env, napi_async_context context, Napi::Function callback) {
  napi_value result = nullptr;
  napi_status status = napi_make_callback(env, context, env.Global(), callback, 0, nullptr, &result);
  if (status != napi_pending_exception) return;
  napi_value thrown = nullptr;
  napi_valuetype type = napi_undefined;
  if (napi_get_and_clear_last_exception(env, &thrown) != napi_ok) return;
  if (napi_typeof(env, thrown, &type) == napi_ok && type == napi_object) napi_fatal_exception(env, thrown);
}

}  // namespace forkyard
