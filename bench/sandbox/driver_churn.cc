// Fresh sandboxes a second through the driver, without a network: create, call one export, destroy.
// Two of these at once against one show what a second cell on a second core adds.
//
//   driver_churn [COUNT]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_view.h"
#include "sandbox/wasm/compiler.h"
#include "sandbox/wasm/driver.h"

namespace strata::bench {
namespace {

using namespace sandbox;  // NOLINT: a program of one file

constexpr int kDefaultCount = 60'000;
constexpr Bytes kReservation = Bytes::MiB(4);
constexpr std::string_view kGuest =
    R"((module (memory (export "memory") 17 64) (table 8 funcref)
         (func $f (param i32) (result i32)
           (i32.store (i32.const 2048) (local.get 0))
           (i32.add (i32.load (i32.const 1024)) (local.get 0)))
         (elem (i32.const 0) $f)
         (data (i32.const 1024) "\01\02\03\04")
         (data (i32.const 1048576) "hello world")
         (export "f" (func $f))))";
constexpr std::int32_t kStored = 0x04030201;

template <typename T>
T Must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

Awaitable<void> Churn(Image& image, const Clock& clock, int count, bool& done) {
  const Spec spec{.id = "bench", .limits = {.memory = kReservation}};
  for (int i = 0; i < count; ++i) {
    const Value argument{i};
    auto sandbox = Must(image.Create(spec));
    const TimePoint deadline = clock.Now() + std::chrono::seconds(1);
    auto called = co_await sandbox->InvokeExport("f", std::span(&argument, 1), deadline);
    if (!called || called->values != std::vector<Value>{kStored + i}) {
      std::fprintf(stderr, "wrong answer\n");
      std::exit(1);
    }
  }
  done = true;
}

int Main(int count) {
  wasm::Config config;
  config.max_sandboxes = 64;
  config.max_memory = kReservation;
  config.memory_reservation = kReservation;
  Loop loop(1);
  const SystemClock clock;
  auto compiled = Must(Must(wasm::Compiler::Create(config)).Compile(AsBytes(kGuest)));
  auto driver = Must(wasm::WasmDriver::Create(loop, clock, config));
  auto image = Must(driver->Prepare(std::move(compiled.code)));

  bool done = false;
  const auto start = std::chrono::steady_clock::now();
  Spawn(loop, Churn(*image, clock, count, done));
  while (!done) loop.run_one();
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
