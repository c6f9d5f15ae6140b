// Any text as a container's config.json, which the shim reads before anything confines it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/text/json.h"
#include "cell/roles/command_plan.h"
#include "kube/shim/config_json.h"
#include "kube/shim/microvm/config.h"
#include "kube/shim/pod/config.h"
#include "kube/shim/task/class_choice.h"
#include "kube/shim/task/own_group.h"
#include "kube/shim/wasm/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace shim = strata::kube::shim;
  namespace cell = strata::cell;
  const auto json = strata::ParseJson({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  static_cast<void>(shim::PodOf(*json));
  if (const auto choice = shim::ClassChoice::Read({}, *json)) static_cast<void>(choice->Choose());
  static_cast<void>(shim::ReadLimits(*json));
  if (const auto config = shim::ReadWasmConfig(*json, "k8s.io")) {
    STRATA_CHECK(!config->arguments.empty() && config->http_port != 0);
    // What is taken here is what the cell takes.
    const cell::CommandPlan plan{.arguments = config->arguments,
                                 .environment = config->environment};
    const auto again = cell::ReadCommandPlan(cell::ToText(plan));
    STRATA_CHECK(again && *again == plan);
  }
  if (const auto config = shim::ReadMicrovmConfig(*json, {.hostname = "h"})) {
    // What the machine is made of bounds it, and no namespace of the host's is named in it.
    STRATA_CHECK(config->group.limits.memory > config->machine && config->machine > config->memory);
    for (const auto& each : config->guest["linux"]["namespaces"]) {
      STRATA_CHECK(each["type"] == "network" || !each.contains("path"));
    }
    const auto program = shim::FirstProgram(*config, true);
    STRATA_CHECK(!program.args.empty() && program.terminal && program.confirmed);
  }
  static_cast<void>(
      shim::SideProgramOf(json->dump(-1, ' ', true, strata::Json::error_handler_t::replace), true));
  for (const bool host : {false, true}) {
    const shim::PodSettings settings{.host_network = host, .host_ipc = host};
    const auto joined = shim::JoinPod(*json, settings, {.bundle = "/b", .network = "/n"});
    if (!joined) continue;
    // No container gets a namespace of the pod's process, which is none.
    const auto* namespaces = shim::MemberOf(shim::MemberOf(*joined, "linux"), "namespaces");
    if (namespaces == nullptr) continue;
    for (const auto& each : *namespaces) {
      STRATA_CHECK(!shim::TextOf(each, "path").starts_with("/proc/0/"));
    }
  }
  return 0;
}
