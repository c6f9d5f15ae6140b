// Fresh sandboxes a second through the driver, without a network: create, call one export, destroy.
// Two of these at once against one show what a second cell on a second core adds.
//
//   driver_churn [COUNT]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "bench/sandbox/prepared_guest.h"

namespace strata::bench {
namespace {

using namespace sandbox;  // NOLINT: a program of one file

constexpr int kDefaultCount = 60'000;
constexpr std::uint32_t kSlots = 64;

Awaitable<void> Churn(Image& image, const Clock& clock, int count, bool& done) {
  const Spec spec{.id = "bench", .limits = {.memory = kReservation}};
  for (int i = 0; i < count; ++i) {
    const Value argument{i};
    auto sandbox = image.Create(spec);
    if (!sandbox) {
      std::fprintf(stderr, "%s\n", sandbox.error().message.c_str());
      std::exit(1);
    }
    const TimePoint deadline = clock.Now() + std::chrono::seconds(1);
    auto called = co_await (*sandbox)->InvokeExport("f", std::span(&argument, 1), deadline);
    if (!called || called->values != std::vector<Value>{kStored + i}) {
      std::fprintf(stderr, "wrong answer\n");
      std::exit(1);
    }
  }
  done = true;
}

int Main(int count) {
  PreparedGuest guest(kSlots);
  bool done = false;
  const auto start = std::chrono::steady_clock::now();
  Spawn(guest.loop, Churn(*guest.image, guest.clock, count, done));
  // NOLINTNEXTLINE(bugprone-infinite-loop): the coroutine sets it.
  while (!done) guest.loop.run_one();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%.0f sandboxes/s\n", count / took.count());
  return 0;
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) {
  return strata::bench::Main(argc > 1 ? std::max(1, std::atoi(argv[1]))
                                      : strata::bench::kDefaultCount);
}
