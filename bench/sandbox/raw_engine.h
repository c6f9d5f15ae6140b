// bench/sandbox/raw_engine.h - the least that a fresh sandbox can cost on this engine: one store,
// one pooled instance, one synchronous call, through Wasmtime's C API and nothing of ours.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace strata::bench {

class RawEngine {
 public:
  // `wat` exports `f` (i32) -> i32. Ends the program when the engine refuses anything.
  RawEngine(std::string_view wat, std::uint32_t live, std::uint64_t reservation,
            std::uint64_t keep_resident);
  ~RawEngine();

  // Creates a store and an instance, calls f(argument), drops both.
  std::int32_t CreateCallDestroy(std::int32_t argument);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace strata::bench
