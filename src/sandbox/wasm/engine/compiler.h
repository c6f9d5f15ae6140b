// sandbox/wasm/engine/compiler.h - wasm bytes to native code, for the compile role.
//
//   cell/roles/compile_role.h --wasm--> [ Compiler ] --Compiled: a sealed memfd--> manager -->
//   WasmDriver
//
// Running a compiler on hostile input is what the compile role exists for: the process that calls
// Compile is confined, bounded in memory, CPU and time, and ends afterwards.
//
// Threads:  one caller; Compile blocks, for seconds at worst, and may start threads of its own.
// Lifetime: what was compiled outlives the compiler.
// Errors:   Create: as MakeWasmtimeEngine; Compile: as stated; a compiler that breaks takes its
//           process along. Tested by sandbox/wasm/sandbox_test.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/files/fd.h"
#include "base/result.h"
#include "base/text/byte_view.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "sandbox/wasm/config.h"

namespace strata::sandbox::wasm {

class Engine;

struct Compiled {
  Fd code;  // a sealed memfd: what WasmDriver::Prepare takes
  Bytes size;
  model::GuestKind kind = model::GuestKind::kModule;
  std::vector<Export> exports;  // of a bare module
};

class Compiler {
 public:
  // `config` must agree with the host role's in the fields marked [code].
  static Result<Compiler> Create(const Config& config);

  // Fails with kInvalidArgument: `wasm` is malformed, imports what no host provides, or declares
  // more memory or table than any sandbox may have. The message is for whoever deploys it.
  Result<Compiled> Compile(ByteView wasm);

  // Equal to WasmDriver::EngineKey of every driver that can load the output.
  [[nodiscard]] std::string EngineKey() const;

 private:
  explicit Compiler(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
  std::shared_ptr<Engine> engine_;
};

}  // namespace strata::sandbox::wasm
