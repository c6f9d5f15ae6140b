// What a microVM costs: booting an image and saving its snapshot, against restoring a sandbox from
// it until the first answer; and what each idle sandbox takes of memory. Needs root and QEMU.
//
//   microvm_start_bench AGENT STATIC_PROGRAM [ROUNDS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "artifact/root_image.h"
#include "base/byte_view.h"
#include "base/testing/temp_dir.h"
#include "host/memfd.h"
#include "sandbox/microvm/driver.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::bench {
namespace {

using namespace sandbox;  // NOLINT: a program of one file
using Samples = std::vector<double>;
using SteadyClock = std::chrono::steady_clock;

void Expect(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "microvm_start_bench: %s\n", what.c_str());
  std::exit(1);
}

double MillisecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

void Print(const char* what, Samples samples) {
  std::ranges::sort(samples);
  std::printf("%-28s %8.1f ms (%.1f to %.1f)\n", what, samples[samples.size() / 2], samples.front(),
              samples.back());
}

int Main(const std::filesystem::path& agent, const std::filesystem::path& program, int rounds) {
  const strata::testing::TempDir files;
  std::filesystem::create_directories(files / "root");
  std::filesystem::copy_file(program, files / "root/program");
  microvm::Config config;
  config.agent = agent;
  config.state_root = files / "state";
  config.cgroup_parent = "strata-bench";
  Loop loop;
  const SystemClock clock;
  auto driver = microvm::MicrovmDriver::Create(loop, clock, config);
  Expect(driver.has_value(), driver ? "" : driver.error().message);
  const artifact::RootImage root{.lower = {files / "root"}, .args = {"/program"}};
  Samples cold;
  Samples restored;
  Samples again;
  for (int round = 0; round < rounds; ++round) {
    auto file = host::MakeSealedMemfd("image", AsBytes(artifact::WriteRootImage(root)));
    auto image = (*driver)->Prepare(std::move(file).value());
    Expect(image.has_value(), "image");
    sandbox::testing::CallFixture fixture(loop, clock);
    fixture.body.End();
    auto start = SteadyClock::now();
    const auto warm = fixture.Run((*image)->Warm());
    Expect(warm.has_value(), warm ? "" : warm.error().message);
    cold.push_back(MillisecondsSince(start));
    auto sandbox = (*image)->Create({.id = "bench"});
    Expect(sandbox.has_value(), "create");
    start = SteadyClock::now();
    const auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
    Expect(exit && exit->reason == model::ExitReason::kReturned, "call");
    restored.push_back(MillisecondsSince(start));
    sandbox::testing::CallFixture second(loop, clock);
    second.body.End();
    start = SteadyClock::now();
    Expect(second.Run((*sandbox)->Invoke(second.call)).has_value(), "second call");
    again.push_back(MillisecondsSince(start));
  }
  Print("boot, save", cold);
  Print("restore to first answer", restored);
  Print("a second call", again);
  Samples ratios;
  for (int i = 0; i < rounds; ++i) ratios.push_back(restored[i] / cold[i]);
  std::ranges::sort(ratios);
  std::printf("%-28s %8.3f    (%.3f to %.3f)\n", "restored / booted", ratios[ratios.size() / 2],
              ratios.front(), ratios.back());
  return 0;
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: microvm_start_bench AGENT STATIC_PROGRAM [ROUNDS]\n");
    return 2;
  }
  return strata::bench::Main(argv[1], argv[2], argc > 3 ? std::atoi(argv[3]) : 10);
}
