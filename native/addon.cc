// The addon's entry: one environment's state, then every part of the binding.
#include <napi.h>

#include "binding/bind_crash.h"
#include "binding/bind_descriptors.h"
#include "binding/bind_family.h"
#include "binding/bind_forking.h"
#include "binding/bind_memory.h"
#include "binding/bind_queue.h"
#include "binding/bind_slabs.h"
#include "binding/bind_sync.h"
#include "binding/bind_system.h"
#include "binding/constants.h"
#include "binding/environment.h"

static Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new forkyard::Environment(env));
  forkyard::BindConstants(env, exports);
  forkyard::BindSystem(env, exports);
  forkyard::BindFamily(env, exports);
  forkyard::BindForking(env, exports);
  forkyard::BindDescriptors(env, exports);
  forkyard::BindMemory(env, exports);
  forkyard::BindSlabs(env, exports);
  forkyard::BindSync(env, exports);
  forkyard::BindQueue(env, exports);
  forkyard::BindCrash(env, exports);
  return exports;
}

NODE_API_MODULE(forkyard, Initialize)
