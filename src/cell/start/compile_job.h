// cell/start/compile_job.h - one compilation, in a confined process of the compile role
// (compile_role.h).
//
//   manager::CompileService, kube/shim --> [ RunCompileJob ] --> strata-cell --role=compile
//
// Compiling is running a compiler on hostile input, so each job is a process with its own memory,
// CPU and wall limits, no network and no files; its output is a memfd of at most 1 GiB that is
// sealed before anything else looks at it. Nothing is kept: whoever asks caches.
//
// Threads: the loop's. Lifetime: the process ends with the job, also when its starter dies.
// Errors: the compiler's own code and words (kInvalidArgument: it refuses the artifact),
// kResourceExhausted (its memory, CPU or code limit), kDeadlineExceeded (wall limit), kUnavailable
// (the process died). Tested by compile_job_test.cc and tests/integration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/text/json.h"
#include "cell/start/spawn.h"
#include "model/values.h"

namespace strata::cell {

// The last two must equal those of the processes that run the code.
struct CompileBounds {
  Bytes memory = Bytes::MiB(2048);  // address space
  std::uint32_t cpu_s = 60;
  Bytes max_memory = Bytes::MiB(512);
  Bytes memory_reservation = Bytes::MiB(4096);
};

struct CompiledCode {
  Fd code;      // sealed
  Json answer;  // as compile_role.h has it
};

Task<CompiledCode> RunCompileJob(Loop& loop, const CellProgram& program, CompileBounds bounds,
                                 std::span<const std::byte> wasm);

// The "kind" of an answer. kInternal: it has none that we know.
Result<model::GuestKind> KindOf(const Json& answer);

}  // namespace strata::cell
