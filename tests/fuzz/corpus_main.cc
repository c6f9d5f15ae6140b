// Runs a fuzz target once on every file of a folder, its seeds: what they found stays found in
// builds that have no fuzzer. A promise that is broken ends the program after the seed's name.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "base/bytes.h"
#include "base/files/files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) try {
  constexpr strata::Bytes kSeed = strata::Bytes::MiB(1);
  int seeds = 0;
  for (const auto& seed : std::filesystem::directory_iterator(argc == 2 ? argv[1] : "")) {
    const auto bytes = strata::ReadFile(seed.path(), kSeed);
    if (!bytes) {
      std::fprintf(stderr, "%s\n", bytes.error().message.c_str());
      return 1;
    }
    std::printf("%s\n", seed.path().c_str());
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size());
    ++seeds;
  }
  return seeds > 0 ? 0 : 1;
} catch (const std::exception& failed) {
  std::fprintf(stderr, "%s\n", failed.what());
  return 1;
}
