// See extra_ca_certs.h. Node has no interface for it: the function is the one that Node calls itself, when it starts. The
// moment is OpenSSL's: each SSL_CTX has a certificate store from its first moment on, and who has asked for a place in stores
// (CRYPTO_get_ex_new_index(3)) is told of each new one, before Node puts its own in its place.
#include "binding/extra_ca_certs.h"

#include <dlfcn.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace forkyard {
namespace {

constexpr uint32_t kFirstLazyNode = 22;

using UseExtraCaCerts = void(const std::string& file);
using OnNewStore = void(void* parent, void* ptr, void* data, int index, long argl, void* argp);
using GetExNewIndex = int(int class_index, long argl, void* argp, OnNewStore* on_new, void* on_dup, void* on_free);
constexpr int kStores = 4;  // CRYPTO_EX_INDEX_X509_STORE, in OpenSSL 1.1 and 3

auto FindUseExtraCaCerts() {
  return reinterpret_cast<UseExtraCaCerts*>(
      dlsym(RTLD_DEFAULT, "_ZN4node6crypto15UseExtraCaCertsERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"));
}

auto FindGetExNewIndex() { return reinterpret_cast<GetExNewIndex*>(dlsym(RTLD_DEFAULT, "CRYPTO_get_ex_new_index")); }

std::once_flag read_once;
// Node makes a store to put them in.
thread_local bool is_reading = false;

void ReadOnce(void*, void*, void*, int, long, void* file) {
  if (is_reading) return;
  std::call_once(read_once, [file] {
    is_reading = true;
    FindUseExtraCaCerts()(*static_cast<std::string*>(file));
    is_reading = false;
  });
}

}  // namespace

bool CanDeferExtraCaCerts(Napi::Env env) {
  const napi_node_version* node = nullptr;
  napi_get_node_version(env, &node);
  return node->major < kFirstLazyNode && FindUseExtraCaCerts() != nullptr && FindGetExNewIndex() != nullptr;
}

void DeferExtraCaCerts(std::string file) {
  auto kept = std::make_unique<std::string>(std::move(file));
  if (FindGetExNewIndex()(kStores, 0, kept.get(), ReadOnce, nullptr, nullptr) < 0) {
    // Memory is out: nobody will be told.
    FindUseExtraCaCerts()(*kept);
    return;
  }
  // For as long as the process: stores may be made while it ends.
  (void)kept.release();
}

}  // namespace forkyard
