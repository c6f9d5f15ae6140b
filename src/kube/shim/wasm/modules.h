// kube/shim/wasm/modules.h - native code of wasm commands and components: compiled once in a
// confined process, kept while it is used and as long as there is room.
//
//   WasmBackend --> [ WasmModules ] --> cell/start/compile_job.h
//
// Kept by the digest of the module, as sealed memory files of this process: nobody else can change
// them, and they go with it.
//
// Threads: the loop's. Lifetime: outlives its calls. Errors: RunCompileJob's; kUnsupported: neither
// a WASI command nor a wasi:http component, or strata-cell is not installed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/async/keyed_turns.h"
#include "base/async/task.h"
#include "base/async/turns.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "cell/start/spawn.h"
#include "model/values.h"

namespace strata::kube::shim {

// A module's bytes and what they are known by.
struct WasmModule {
  std::vector<std::byte> bytes;
  std::string digest;
};

// Native code: of a command or a component that answers HTTP.
struct WasmCode {
  std::shared_ptr<const Fd> file;
  model::GuestKind kind = model::GuestKind::kCommand;
  Bytes size;
  std::string digest;  // of the module
};

class WasmModules {
 public:
  WasmModules(Loop& loop, cell::CellProgram program)
      : loop_(loop),
        program_(std::move(program)),
        turns_(loop, kJobs),
        same_(loop),
        of_tenants_(loop) {}
  WasmModules(const WasmModules&) = delete;
  WasmModules& operator=(const WasmModules&) = delete;

  // To be held by who reads a module and has it compiled: it may be large, and wait long for
  // others' compilations, so of each tenant there is one.
  Task<KeyedTurns::Turn> TurnOf(std::string tenant) { return of_tenants_.Take(std::move(tenant)); }

  Task<WasmCode> Compile(WasmModule module);

 private:
  static constexpr std::size_t kJobs = 2;  // at once

  struct Entry {
    WasmCode code;
    std::uint64_t used = 0;
  };
  std::optional<WasmCode> Find(const std::string& digest);
  void Keep(const std::string& digest, WasmCode code);

  Loop& loop_;
  const cell::CellProgram program_;
  Turns turns_;
  KeyedTurns same_;  // of one module: the second gets what the first made
  KeyedTurns of_tenants_;
  std::map<std::string, Entry> kept_;
  std::uint64_t uses_ = 0;
};

}  // namespace strata::kube::shim
