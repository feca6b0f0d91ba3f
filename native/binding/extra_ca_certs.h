// The certificates of NODE_EXTRA_CA_CERTS. Node before 22 reads them when it starts, and with them the hundred and fifty that
// it brings along: forty milliseconds and some megabytes, for processes that mostly make no TLS connection.
#pragma once

#include <napi.h>

#include <string>

namespace forkyard {

// Whether this Node is one of those, and can be told of them later.
bool CanDeferExtraCaCerts(Napi::Env env);

// In a process that was started without: they are read when the first TLS context is made, here or in a copy, by whatever
// thread. `file`: an absolute path. One that cannot be read is told on stderr, by Node.
void DeferExtraCaCerts(std::string file);

}  // namespace forkyard
