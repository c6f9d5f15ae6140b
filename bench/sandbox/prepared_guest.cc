#include "bench/sandbox/prepared_guest.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/text/byte_view.h"
#include "sandbox/wasm/engine/compiler.h"

namespace strata::bench {
namespace {

template <typename T>
T Must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

}  // namespace

PreparedGuest::PreparedGuest(std::uint32_t max_sandboxes) {
  sandbox::wasm::Config config;
  config.max_sandboxes = max_sandboxes;
  config.max_memory = kReservation;
  config.memory_reservation = kReservation;
  auto compiled = Must(Must(sandbox::wasm::Compiler::Create(config)).Compile(AsBytes(kGuest)));
  driver = Must(sandbox::wasm::WasmDriver::Create(loop, clock, config));
  image = Must(driver->Prepare(std::move(compiled.code)));
}

}  // namespace strata::bench
