// containerd-shim-strata-v2 - containerd's runtime shim. containerd starts it; this file reads the
// command line and standard input. What a shim is: src/kube/README.md.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "base/text/json.h"
#include "kube/shim/bootstrap.h"
#include "kube/shim/commands.h"
#include "kube/shim/pod/processes.h"
#include "kube/shim/probe.h"
#include "kube/shim/resident.h"

namespace {

using strata::Errc;
using strata::Result;
namespace shim = strata::kube::shim;

constexpr int kUsageError = 2;
constexpr strata::Bytes kMaxInput = strata::Bytes::MiB(4);

constexpr const char* kAbout =
    R"(containerd-shim-strata-v2 runs containerd's tasks and Kubernetes' pods in Strata's sandboxes. containerd starts it, once
it is on its PATH and a runtime is of type io.containerd.strata.v2; there is nothing in it for people but

  -v      print the version
  -info   print what the runtime is, as containerd's RuntimeInfo (protobuf)
  -probe  try each class as pods would have it on this node, and print JSON of what works; takes seconds
)";

Result<std::string> ReadInput() {
  std::string input;
  char buffer[4096];
  for (ssize_t size = 0; (size = ::read(STDIN_FILENO, buffer, sizeof(buffer))) > 0;) {
    input.append(buffer, static_cast<std::size_t>(size));
    if (input.size() > kMaxInput.count) {
      return strata::Fail(Errc::kInvalidArgument,
                          "standard input: more than containerd ever sends");
    }
  }
  return input;
}

Result<std::string> Run(const shim::Invocation& invocation) {
  switch (invocation.verb) {
    case shim::Verb::kVersion:
      return "containerd-shim-strata-v2 " STRATA_VERSION "\n";
    case shim::Verb::kInfo:
      return shim::Info();
    case shim::Verb::kProbe:
      return strata::DumpJson(shim::Probe()) + "\n";
    case shim::Verb::kDelete:
      return shim::Delete(invocation);
    case shim::Verb::kHold: {
      auto held = shim::HoldProcesses();
      if (!held) return std::unexpected(std::move(held).error());
      return std::string();
    }
    case shim::Verb::kServe: {
      auto served = shim::Serve(strata::Fd(invocation.listen_fd),
                                {.ttrpc = invocation.ttrpc, .grpc = invocation.address});
      if (!served) return std::unexpected(std::move(served).error());
      return std::string();
    }
    case shim::Verb::kStart:
      break;
  }
  const auto input = ReadInput();
  if (!input) return std::unexpected(input.error());
  std::error_code failed;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return strata::FailErrno("find our own program", failed.value());
  const char* address = std::getenv("TTRPC_ADDRESS");
  return shim::Start(invocation, *input, address == nullptr ? "" : address, program.string());
}

}  // namespace

int main(int argc, char** argv) {
  const auto invocation = shim::ParseArguments(std::span(argv + 1, argc - 1));
  if (!invocation) {
    std::fprintf(stderr, "%s\n\n%s", invocation.error().message.c_str(), kAbout);
    return kUsageError;
  }
  const auto output = Run(*invocation);
  if (!output) {
    std::fprintf(stderr, "containerd-shim-strata-v2: %s\n", output.error().message.c_str());
    return 1;
  }
  std::fwrite(output->data(), 1, output->size(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}
