// What a fork server is sent: whatever is accepted is what its sender would have encoded, byte for byte.
#include "forking/messages.h"
#include "fuzz.h"

FUZZ_TARGET(fork_request) {
  using namespace forkyard;
  if (std::optional<SpareTaken> taken = DecodeSpareTaken(bytes)) {
    const std::vector<uint8_t> again = EncodeSpareTaken(*taken);
    MUST(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  }
  os::Result<ForkRequest> request = DecodeForkRequest(bytes);
  if (!request) return;
  const std::vector<uint8_t> again = EncodeForkRequest(request.value());
  MUST(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
}
