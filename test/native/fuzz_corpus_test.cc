// The inputs that fuzzing has kept (scripts/fuzz-native.mjs), through the same harnesses, without a fuzzer; and some thousand more
// that differ from them in a few bytes.
#include <dirent.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "../fuzz/native/fork_request.cc"
#include "../fuzz/native/queue.cc"
#include "../fuzz/native/ring.cc"
#include "../fuzz/native/sync_sweep.cc"
#include "check.h"

using namespace forkyard;
using namespace forkyard::test;

namespace {

using Input = std::vector<uint8_t>;

constexpr int kVariants = 20;

std::vector<Input> CorpusOf(const std::string& target) {
  const std::string folder = "test/fuzz/native/corpus/" + target;
  std::vector<std::string> files;
  DIR* listing = opendir(folder.c_str());
  REQUIRE(listing != nullptr);
  while (const dirent* entry = readdir(listing)) {
    if (entry->d_name[0] != '.') files.push_back(folder + "/" + entry->d_name);
  }
  closedir(listing);
  std::sort(files.begin(), files.end());
  std::vector<Input> inputs;
  for (const std::string& file : files) {
    std::ifstream stream(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return inputs;
}

Input Vary(Input input, std::mt19937_64& random) {
  for (uint64_t changes = 1 + random() % 4; changes > 0 && !input.empty(); changes--) {
    input[random() % input.size()] = static_cast<uint8_t>(random());
  }
  return input;
}

}  // namespace

TEST(each_target_comes_through_what_fuzzing_has_kept) {
  size_t replayed = 0;
  for (const fuzz::NamedTarget& target : fuzz::Targets()) {
    const std::vector<Input> inputs = CorpusOf(target.name);
    CHECK(inputs.size() >= 5);
    std::mt19937_64 random(7);
    for (const Input& input : inputs) {
      target.run(input);
      for (int variant = 0; variant < kVariants; variant++) target.run(Vary(input, random));
    }
    replayed += inputs.size();
  }
  CHECK_EQ(fuzz::Targets().size(), 4);
  std::printf("     %zu inputs kept, each with %d variants\n", replayed, kVariants);
}
