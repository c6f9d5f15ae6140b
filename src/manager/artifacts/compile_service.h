// manager/artifacts/compile_service.h - turns wasm into native code in a confined child, or finds
// it cached.
//
//   deploy --> [ CompileService::Prepare ] --> code cache --hit--> descriptor
//                                          \--miss--> cell/start/compile_job.h --> cache
//
// Threads: one loop; at most `jobs` children at a time, further jobs wait their turn.
// Errors: those of RunCompileJob and of the cache.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "artifact/store/code_cache.h"
#include "base/async/task.h"
#include "base/async/turns.h"
#include "base/files/fd.h"
#include "base/text/json.h"
#include "cell/start/compile_job.h"
#include "manager/options.h"
#include "telemetry/log.h"

namespace strata::manager {

// What the compiler found out about an artifact.
struct CodeInfo {
  model::GuestKind kind = model::GuestKind::kAuto;
  Json exports = Json::array();  // of a bare module: [{"name", "params", "results"}]
};

struct Code {
  CodeInfo info;
  Fd file;  // verified, read-only, at offset 0
};

class CompileService {
 public:
  // `info_dir` keeps what is known of compiled artifacts across restarts.
  CompileService(Loop& loop, const Options& options, std::string instance,
                 artifact::CodeCache& cache, std::filesystem::path info_dir, telemetry::Logger log);

  // Asks the cell program for its engine key; must succeed before anything else is called.
  Task<void> LearnEngine();
  [[nodiscard]] const std::string& engine_key() const noexcept { return engine_key_; }

  // The code of `wasm` (whose digest is `digest`), now also available to Open().
  Task<Code> Prepare(std::string digest, std::span<const std::byte> wasm);

  // A verified read-only descriptor of code that Prepare() made. kNotFound: prepare it again.
  Result<Fd> Open(std::string_view digest);

  // What Prepare() learned, also in an earlier process. kNotFound: nothing is known.
  Result<CodeInfo> Info(std::string_view digest);

 private:
  Task<Code> Compile(std::string digest, std::span<const std::byte> wasm);
  [[nodiscard]] cell::CompileBounds Bounds() const;
  [[nodiscard]] std::filesystem::path InfoPath(std::string_view digest) const;

  Loop& loop_;
  const Options& options_;
  const cell::CellProgram program_;
  artifact::CodeCache& cache_;
  std::filesystem::path info_dir_;
  telemetry::Logger log_;
  std::string engine_key_;
  Turns turns_;
};

}  // namespace strata::manager
