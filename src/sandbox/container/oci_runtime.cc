#include "sandbox/container/oci_runtime.h"

#include "base/files.h"
#include "host/memfd.h"

namespace strata::sandbox::container {
namespace {

constexpr Bytes kLargestProgram = Bytes::MiB(128);

}  // namespace

Result<OciRuntime> OciRuntime::Load(const std::filesystem::path& program) {
  auto bytes = ReadFile(program, kLargestProgram);
  if (!bytes) return Wrap(std::move(bytes).error(), "OCI runtime");
  auto copy = host::MakeSealedProgram(program.filename(), AsBytes(*bytes));
  if (!copy) return Wrap(std::move(copy).error(), "OCI runtime");
  return OciRuntime(std::move(*copy));
}

host::SpawnOptions OciRuntime::RunCommand(const std::filesystem::path& bundle,
                                          const std::string& id) const {
  return {.program = "/proc/self/fd/" + std::to_string(program_.get()),
          .arguments = {"--root", bundle / "state", "--log", bundle / "runtime.log", "--log-format",
                        "json", "run", "--detach", "--pid-file", bundle / "pid", "--bundle", bundle,
                        id},
          .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
          .privileges = host::Privileges::kKeep};
}

}  // namespace strata::sandbox::container
