// sandbox/container/oci_runtime.h - the OCI runtime as a program: runc, crun, or another with their
// command line.
//
// It is run from a sealed copy in memory: a container that gets hold of its runtime's executable
// (CVE-2019-5736) finds a file that nobody can write. It gets the three standard descriptors and
// no other (CVE-2024-21626).
//
// Threads: const methods from any; Load blocks for milliseconds. Tested by tests/contract.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "host/process.h"

namespace strata::sandbox::container {

class OciRuntime {
 public:
  // Copies the program. FailErrno's codes; kResourceExhausted: larger than 128 MiB.
  static Result<OciRuntime> Load(const std::filesystem::path& program);

  // How to start the container `id` of `bundle`. The runtime ends when the guest runs; the guest
  // has inherited its standard streams and is an orphan, ours if we are a subreaper.
  [[nodiscard]] host::SpawnOptions RunCommand(const std::filesystem::path& bundle,
                                              const std::string& id) const;

 private:
  explicit OciRuntime(Fd program) : program_(std::move(program)) {}
  Fd program_;
};

}  // namespace strata::sandbox::container
