// What a microVM costs: booting an image and saving its snapshot, against restoring a sandbox from
// it until the first answer, and a second call. The same of a container in a microVM, round by
// round beside it. Needs root and QEMU.
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

#include "artifact/store/root_image.h"
#include "base/testing/temp_dir.h"
#include "base/text/byte_view.h"
#include "host/files/memfd.h"
#include "sandbox/microvm/driver.h"
#include "sandbox/microvm/layers.h"
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

// What was measured of one class.
struct Figures {
  Samples cold;
  Samples restored;
  Samples again;
  Samples restore;
  Samples warm;

  void Print(const char* of) const {
    std::printf("%s\n", of);
    bench::Print("  boot, save", cold);
    bench::Print("  restore to first answer", restored);
    bench::Print("  a second call", again);
    bench::Print("  restore alone", restore);
    bench::Print("  a call after that", warm);
    Samples ratios;
    for (std::size_t i = 0; i < cold.size(); ++i) ratios.push_back(restored[i] / cold[i]);
    std::ranges::sort(ratios);
    std::printf("%-28s %8.3f    (%.3f to %.3f)\n", "  restored / booted", ratios[ratios.size() / 2],
                ratios.front(), ratios.back());
    for (std::size_t i = 0; i < cold.size(); ++i) ratios[i] = restored[i] / restore[i];
    std::ranges::sort(ratios);
    std::printf("%-28s %8.3f    (%.3f to %.3f)\n", "  first answer / restore",
                ratios[ratios.size() / 2], ratios.front(), ratios.back());
  }
};

void Round(Loop& loop, const Clock& clock, Driver& driver, const artifact::RootImage& root,
           Figures& figures) {
  auto file = host::MakeSealedMemfd("image", AsBytes(artifact::WriteRootImage(root)));
  auto image = driver.Prepare(std::move(file).value());
  Expect(image.has_value(), "image");
  sandbox::testing::CallFixture fixture(loop, clock);
  fixture.body.End();
  auto start = SteadyClock::now();
  const auto warm = fixture.Run((*image)->Warm());
  Expect(warm.has_value(), warm ? "" : warm.error().message);
  figures.cold.push_back(MillisecondsSince(start));
  auto sandbox = (*image)->Create({.id = "bench"});
  Expect(sandbox.has_value(), "create");
  start = SteadyClock::now();
  const auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
  Expect(exit && exit->reason == model::ExitReason::kReturned, "call");
  figures.restored.push_back(MillisecondsSince(start));
  sandbox::testing::CallFixture second(loop, clock);
  second.body.End();
  start = SteadyClock::now();
  Expect(second.Run((*sandbox)->Invoke(second.call)).has_value(), "second call");
  figures.again.push_back(MillisecondsSince(start));
  // One that was made before its call.
  auto waiting = (*image)->Create({.id = "bench"});
  Expect(waiting.has_value(), "create");
  start = SteadyClock::now();
  Expect(second.Run((*waiting)->Warm()).has_value(), "restore");
  figures.restore.push_back(MillisecondsSince(start));
  sandbox::testing::CallFixture third(loop, clock);
  third.body.End();
  start = SteadyClock::now();
  const auto late = third.Run((*waiting)->Invoke(third.call));
  Expect(late && late->warm, "warm call");
  figures.warm.push_back(MillisecondsSince(start));
}

int Main(const std::filesystem::path& agent, const std::filesystem::path& program, int rounds) {
  const strata::testing::TempDir files;
  std::filesystem::create_directories(files / "root");
  std::filesystem::copy_file(program, files / "root/program");
  microvm::Config config;
  config.agent = agent;
  config.state_root = files / "state";
  config.cgroup_parent = "strata-bench";
  auto with = microvm::WithContainers(config);
  Expect(with.has_value(), with ? "" : with.error().message);
  Loop loop;
  const SystemClock clock;
  auto plain = microvm::MicrovmDriver::Create(loop, clock, config);
  auto pair = microvm::MicrovmDriver::Create(loop, clock, *with);
  Expect(plain.has_value(), plain ? "" : plain.error().message);
  Expect(pair.has_value(), pair ? "" : pair.error().message);
  const artifact::RootImage root{.lower = {files / "root"}, .args = {"/program"}};
  Figures of_plain;
  Figures of_pair;
  for (int round = 0; round < rounds; ++round) {
    Round(loop, clock, **plain, root, of_plain);
    Round(loop, clock, **pair, root, of_pair);
  }
  of_plain.Print("microvm");
  of_pair.Print("container-in-microvm");
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
