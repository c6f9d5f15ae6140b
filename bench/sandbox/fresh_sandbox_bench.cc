// What a fresh sandbox costs through the driver, against the engine's bare minimum in the same run:
// create, call one export, destroy. Rounds of both alternate, so that a change of the machine's
// speed hits both alike.
//
//   fresh_sandbox_bench [ROUNDS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/sandbox/prepared_guest.h"
#include "bench/sandbox/raw_engine.h"

namespace strata::bench {
namespace {

using namespace sandbox;  // NOLINT: a program of one file
using Samples = std::vector<double>;

constexpr int kPerRound = 1000;
constexpr std::uint32_t kSlots = 1064;
constexpr Bytes kProbeKeepResident = Bytes::KiB(64);  // what the goal was set with
constexpr double kGoal = 1.25;

void Expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "wrong answer: %s\n", what);
  std::exit(1);
}

double Microseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

double Percentile(Samples& samples, double part) {
  const auto at = samples.begin() + static_cast<std::ptrdiff_t>(part * (samples.size() - 1));
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

void RawRound(RawEngine& engine, Samples& samples) {
  for (int i = 0; i < kPerRound; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::int32_t answer = engine.CreateCallDestroy(i);
    samples.push_back(Microseconds(std::chrono::steady_clock::now() - start));
    Expect(answer == kStored + i, "raw engine");
  }
}

Awaitable<void> DriverRound(Image& image, const Clock& clock, Samples& samples) {
  const Spec spec{.id = "bench", .limits = {.memory = kReservation}};
  for (int i = 0; i < kPerRound; ++i) {
    const Value argument{i};
    const auto start = std::chrono::steady_clock::now();
    auto sandbox = image.Create(spec);
    Expect(sandbox.has_value(), "create");
    const TimePoint deadline = clock.Now() + std::chrono::seconds(1);
    auto called = co_await (*sandbox)->InvokeExport("f", std::span(&argument, 1), deadline);
    sandbox->reset();
    samples.push_back(Microseconds(std::chrono::steady_clock::now() - start));
    Expect(called && called->values == std::vector<Value>{kStored + i}, "driver");
  }
}

int Main(int rounds) {
  RawEngine raw(kGuest, kSlots, kReservation.count, kProbeKeepResident.count);
  PreparedGuest guest(kSlots);

  Samples raw_samples;
  Samples driver_samples;
  for (int round = 0; round < rounds; ++round) {
    RawRound(raw, raw_samples);
    Spawn(guest.loop, DriverRound(*guest.image, guest.clock, driver_samples));
    guest.loop.restart();
    while (driver_samples.size() < raw_samples.size()) guest.loop.run_one();
  }
  const double base = Percentile(raw_samples, 0.5);
  const double ours = Percentile(driver_samples, 0.5);
  std::printf("%-28s %8s %8s %8s\n", "create + call + destroy, us", "p50", "p99", "p99.9");
  std::printf("%-28s %8.2f %8.2f %8.2f\n", "engine, C API", base, Percentile(raw_samples, 0.99),
              Percentile(raw_samples, 0.999));
  std::printf("%-28s %8.2f %8.2f %8.2f\n", "driver", ours, Percentile(driver_samples, 0.99),
              Percentile(driver_samples, 0.999));
  std::printf("ratio of p50 %.2f (goal <= %.2f)\n", ours / base, kGoal);
  return 0;
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) {
  return strata::bench::Main(argc > 1 ? std::max(1, std::atoi(argv[1])) : 20);
}
