// strata versions - the documents' technology versions beside what is installed here.
#include "advisor/versions.h"

#include <sys/utsname.h>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/process.h"
#include "installed.h"
#include "report.h"
#include "verbs.h"

namespace strata::cli {
namespace {

// A program that only prints its version is quick; one that asks a cluster first is not waited for.
constexpr std::chrono::seconds kPatience{2};

struct Asked {
  std::string_view technology;  // as the facts call it
  std::string_view program;
  std::array<std::string_view, 2> arguments;  // empty ones are left out
};
constexpr std::array<Asked, 12> kAsked{{{"Kubernetes", "kubelet", {"--version", ""}},
                                        {"K3s", "k3s", {"--version", ""}},
                                        {"Istio", "istioctl", {"version", "--remote=false"}},
                                        {"Linkerd", "linkerd", {"version", "--client"}},
                                        {"OPA", "opa", {"version", ""}},
                                        {"Gatekeeper", "gator", {"version", ""}},
                                        {"runc", "runc", {"--version", ""}},
                                        {"Kata", "kata-runtime", {"--version", ""}},
                                        {"gVisor", "runsc", {"--version", ""}},
                                        {"Firecracker", "firecracker", {"--version", ""}},
                                        {"WasmEdge", "wasmedge", {"--version", ""}},
                                        {"containerd", "containerd", {"--version", ""}}}};

std::map<std::string, std::string> FindVersions() {
  std::map<std::string, std::string> found;
  for (const Asked& each : kAsked) {
    const auto program = FindInstalled(each.program);
    if (!program) continue;
    std::vector<std::string> arguments;
    for (const std::string_view word : each.arguments) {
      if (!word.empty()) arguments.emplace_back(word);
    }
    const auto ran =
        host::RunToEnd({.program = *program, .arguments = arguments}, kPatience, 64_KiB);
    found[std::string(each.technology)] =
        ran && !ran->out.empty() ? ran->out.substr(0, ran->out.find('\n')) : "no answer";
  }
  utsname kernel{};
  if (::uname(&kernel) == 0) found["eBPF"] = kernel.release;
  return found;
}

}  // namespace

void AddVersions(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ReportFlags>();
  CLI::App* verb =
      app.add_subcommand("versions", "The documents' technology versions, and those here");
  AddReportFlags(*verb, *flags);
  verb->footer(
      "Asks each program that is installed for its version and the kernel for its release; needs\n"
      "no server.\n"
      "Example:\n  strata versions -o json");
  verb->callback(
      [&session, flags] { PrintReport(session, *flags, advisor::Versions(FindVersions())); });
}

}  // namespace strata::cli
