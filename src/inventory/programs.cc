#include "inventory/programs.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "base/bytes.h"
#include "host/process/process.h"

namespace strata::inventory {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Bytes kMostOutput = 64_KiB;

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

}  // namespace

std::optional<std::filesystem::path> FindInstalled(std::string_view name) {
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable == nullptr ? "/usr/sbin:/usr/bin:/sbin:/bin" : variable;
  for (;;) {
    const std::size_t end = rest.find(':');
    std::filesystem::path file = std::filesystem::path(rest.substr(0, end)) / name;
    if (file.is_absolute() && ::access(file.c_str(), X_OK) == 0) return file;
    if (end == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(end + 1);
  }
}

std::optional<std::string> Questions::Ask(std::string_view program,
                                          std::span<const std::string_view> arguments) const {
  const auto found = FindInstalled(program);
  if (!found) return std::nullopt;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - SteadyClock::now());
  if (left <= std::chrono::milliseconds::zero()) return "";
  host::SpawnOptions options{.program = *found};
  for (const std::string_view word : arguments) {
    if (!word.empty()) options.arguments.emplace_back(word);
  }
  auto ran = host::RunToEnd(options, std::min(kPatience, left), kMostOutput);
  return ran ? std::move(ran->out) : "";
}

std::map<std::string, std::string> FindVersions() {
  const Questions questions;
  std::map<std::string, std::string> found;
  for (const Asked& each : kAsked) {
    const auto answer = questions.Ask(each.program, each.arguments);
    if (!answer) continue;
    found[std::string(each.technology)] =
        answer->empty() ? "no answer" : answer->substr(0, answer->find('\n'));
  }
  utsname kernel{};
  if (::uname(&kernel) == 0) found["eBPF"] = kernel.release;
  return found;
}

}  // namespace strata::inventory
