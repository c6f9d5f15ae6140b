// cell/roles/compile_role.h - the compile role of strata-cell: one compilation of hostile bytes,
// then the process ends.
//
//   fd 3: the wasm (read-only)   fd 4: a memory file for the native code   fd 5: the answer, JSON
//
//   {"kind": "http|command|module", "exports": [{"name","params","results"}], "engine_key": "..."}
//   {"error": {"code": "INVALID_ARGUMENT", "message": "..."}, "engine_key": "..."}
//
// Confined more tightly than a host cell: no files at all, no sockets, bounded memory and CPU; it
// may start threads, because compilers do. A job that is killed for a limit answers nothing.
// Errors are in the answer. Tested by tests/integration/cell, tests/security.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "cell/start/confinement.h"

namespace strata::cell {

struct CompileOptions {
  Bytes memory = Bytes::MiB(2048);     // address space of this process
  std::uint32_t cpu_s = 60;            // CPU time of this process
  Bytes max_memory = Bytes::MiB(512);  // the next two must equal the host role's
  Bytes memory_reservation = Bytes::MiB(4096);
  MissingProtection missing = MissingProtection::kRefuse;
};

// Runs the role; returns the exit code: 0 when the answer says how it went, 1 when it could not
// even be written.
int RunCompileRole(const CompileOptions& options);

}  // namespace strata::cell
