// bench/sandbox/prepared_guest.h - the guest that this folder's programs create, call and destroy,
// compiled and loaded by the real driver. Whatever fails ends the program.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/async/task.h"
#include "base/clock.h"
#include "sandbox/wasm/driver.h"

namespace strata::bench {

// Exports f(i), which stores i and returns i + kStored: it reads and writes pages of its own.
inline constexpr std::string_view kGuest =
    R"((module (memory (export "memory") 17 64) (table 8 funcref)
         (func $f (param i32) (result i32)
           (i32.store (i32.const 2048) (local.get 0))
           (i32.add (i32.load (i32.const 1024)) (local.get 0)))
         (elem (i32.const 0) $f)
         (data (i32.const 1024) "\01\02\03\04")
         (data (i32.const 1048576) "hello world")
         (export "f" (func $f))))";
inline constexpr std::int32_t kStored = 0x04030201;
inline constexpr Bytes kReservation = Bytes::MiB(4);  // what the guest may grow to

struct PreparedGuest {
  explicit PreparedGuest(std::uint32_t max_sandboxes);

  Loop loop{1};
  const SystemClock clock;
  std::unique_ptr<sandbox::wasm::WasmDriver> driver;
  std::shared_ptr<sandbox::Image> image;
};

}  // namespace strata::bench
