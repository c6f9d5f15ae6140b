#include "kube/shim/microvm/config.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "kube/shim/config_json.h"
#include "model/memory_bounds.h"
#include "model/values.h"
#include "sandbox/microvm/machine/machine.h"

namespace strata::kube::shim {
namespace {

namespace microvm = sandbox::microvm;

constexpr Bytes kGuestItself = 128_MiB;    // its kernel, the agent, what the runtime needs
constexpr Bytes kUsualPrograms = 384_MiB;  // without a limit
// The runtime's set-up is charged to them.
constexpr Bytes kLeastPrograms = model::MemoryBoundsOf(model::Class::kContainerInMicrovm).least;
constexpr Bytes kMostPrograms = 1'048'576_MiB;
constexpr std::uint32_t kUsualPids = 4096;
constexpr std::size_t kMostCopies = 256;
constexpr const char* kVersion = "1.0.2";  // a runtime refuses those that came after it
constexpr const char* kContainerType = "io.kubernetes.cri.container-type";

// The kernel's own file systems, which the guest's has, too.
constexpr std::array<std::string_view, 7> kKernelTypes = {"proc",   "sysfs",   "devpts", "mqueue",
                                                          "cgroup", "cgroup2", "tmpfs"};
constexpr std::array<std::string_view, 5> kNamespaces = {"pid", "ipc", "uts", "mount", "network"};

std::unexpected<Error> Bad(const std::string& what) {
  return Fail(Errc::kInvalidArgument, "config.json: " + what);
}

std::unexpected<Error> Cannot(const std::string& what) {
  return Fail(Errc::kUnsupported, "class microvm: " + what);
}

// What the guest mounts for `mount`; nothing: it does without.
Result<std::optional<Json>> MountFor(const Json& mount, MicrovmConfig& found) {
  if (!mount.is_object()) return Bad("a mount is no object");
  const std::string at = TextOf(mount, "destination");
  const std::string type = TextOf(mount, "type");
  const std::string from = TextOf(mount, "source");
  if (!at.starts_with('/')) return Bad("a mount without a destination");
  if (std::ranges::find(kKernelTypes, type) != kKernelTypes.end()) return mount;
  if (!IsBound(mount) || !from.starts_with('/'))
    return Cannot("mount " + at + " of type '" + type + "'");
  if (at == "/dev/shm") {
    return Json{{"destination", at},
                {"type", "tmpfs"},
                {"source", "shm"},
                {"options", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}}};
  }
  if (at == "/dev/termination-log") return std::nullopt;  // of kubelet's; nothing comes back
  // What is in every container nobody writes.
  if (!IsReadOnly(mount) && !IsUsualFile(at)) {
    return Cannot("mount " + at +
                  ": a machine has copies of what is mounted read-only, and shares no directory "
                  "of the host that it could write: mount it read-only, or use a tmpfs");
  }
  if (found.copies.size() == kMostCopies) {
    return Cannot("more than " + std::to_string(kMostCopies) + " mounts that are copied");
  }
  const std::string tree = "mount-" + std::to_string(found.copies.size());
  found.copies.push_back({.host = from, .tree = tree});
  return Json{{"destination", at},
              {"type", "bind"},
              {"source", std::string(microvm::kTrees) + "/" + tree},
              {"options", {"bind", "ro", "rprivate"}}};
}

Result<void> ReadMounts(Json& config, MicrovmConfig& found) {
  const Json* mounts = MemberOf(config, "mounts");
  if (mounts == nullptr) return {};
  if (!mounts->is_array()) return Bad("mounts are no list");
  Json inside = Json::array();
  for (const Json& each : *mounts) {
    auto mount = MountFor(each, found);
    if (!mount) return std::unexpected(std::move(mount).error());
    if (*mount) inside.push_back(std::move(**mount));
  }
  config["mounts"] = std::move(inside);
  return {};
}

// Each of them has to be the container's own, or the pod's: the machine's are.
Result<void> ReadNamespaces(Json& linux, MicrovmConfig& found) {
  const Json* namespaces = MemberOf(linux, "namespaces");
  if (namespaces == nullptr || !namespaces->is_array()) return Bad("namespaces are no list");
  for (const std::string_view type : kNamespaces) {
    const auto is_it = [type](const Json& each) {
      return each.is_object() && TextOf(each, "type") == type;
    };
    const auto at = std::ranges::find_if(*namespaces, is_it);
    if (at == namespaces->end()) {
      return Cannot("the node's " + std::string(type) + " namespace cannot be had from a machine");
    }
    if (type == "network") found.network = TextOf(*at, "path");
  }
  const auto is_user = [](const Json& each) {
    return each.is_object() && TextOf(each, "type") == "user";
  };
  if (std::ranges::any_of(*namespaces, is_user)) return Cannot("user namespaces");
  Json inside = Json::array();
  for (const std::string_view type : kNamespaces) inside.push_back({{"type", type}});
  inside.back()["path"] = microvm::kMachineNetwork;
  linux["namespaces"] = std::move(inside);
  return {};
}

// Its processes in the guest, where more than usual are not to be had.
std::uint32_t PidsFor(const host::CgroupLimits& limits) {
  return limits.pids == 0 ? kUsualPids : std::min(limits.pids, kUsualPids);
}

// These would hold the whole machine, which has more memory than its programs.
Result<void> CheckUnified(const host::CgroupLimits& limits) {
  constexpr std::array<std::string_view, 3> kOfPrograms = {"memory.high", "memory.low",
                                                           "memory.min"};
  for (const host::CgroupFile& file : limits.unified) {
    if (std::ranges::find(kOfPrograms, file.name) != kOfPrograms.end()) {
      return Cannot("linux.resources.unified: " + file.name + " is not kept in a machine");
    }
  }
  return {};
}

Result<void> ReadMemory(const Json& linux, MicrovmConfig& found) {
  auto plan = ReadGroupPlan(linux);
  if (!plan) return Wrap(std::move(plan).error(), "class microvm");
  host::CgroupLimits& limits = plan->limits;
  if (auto kept = CheckUnified(limits); !kept) return kept;
  if (limits.memory.count == 0) limits.memory = kUsualPrograms;
  if (auto enough = CheckMemory(limits, kLeastPrograms); !enough) return enough;
  if (limits.memory > kMostPrograms) return Cannot("a memory limit of more than 1 TiB");
  found.memory = limits.memory;
  constexpr std::uint64_t kMib = 1 << 20;  // QEMU's unit
  found.machine = Bytes{(limits.memory.count + kMib - 1) / kMib * kMib} + kGuestItself;
  found.pids = PidsFor(limits);
  limits.memory = found.machine + microvm::kQemuItself;
  limits.pids = microvm::kQemuThreads;
  found.group = std::move(*plan);
  return {};
}

// In the guest these are kept by the runtime, beside the group that the agent makes.
Json ResourcesFor(const Json& linux, const MicrovmConfig& found) {
  Json resources = {{"memory", {{"limit", found.memory.count}, {"swap", found.memory.count}}},
                    {"pids", {{"limit", found.pids}}}};
  const Json* devices = MemberOf(MemberOf(linux, "resources"), "devices");
  if (devices != nullptr) resources["devices"] = *devices;
  return resources;
}

Result<void> ReadLinux(Json& linux, const PodSettings& pod, MicrovmConfig& found) {
  const Json* devices = MemberOf(linux, "devices");
  if (devices != nullptr && !devices->empty()) {
    return Cannot("devices of the host (a privileged container has all of them)");
  }
  if (auto memory = ReadMemory(linux, found); !memory) return memory;
  if (auto namespaces = ReadNamespaces(linux, found); !namespaces) return namespaces;
  linux["resources"] = ResourcesFor(linux, found);
  linux["cgroupsPath"] = microvm::kContainerGroup;
  for (const char* member : {"mountLabel", "intelRdt", "personality", "timeOffsets"}) {
    linux.erase(member);
  }
  if (!linux.contains("sysctl") || !linux["sysctl"].is_object()) linux["sysctl"] = Json::object();
  for (const auto& [name, value] : pod.sysctls) linux["sysctl"][name] = value;
  return {};
}

// Labels are the host kernel's; its score is QEMU's.
void ForgetLabels(Json& process) {
  for (const char* member : {"apparmorProfile", "selinuxLabel", "oomScoreAdj"}) {
    process.erase(member);
  }
}

// What the guest's terminal begins with.
microvm::TerminalSize SizeOf(const Json& process) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint16_t>::max();
  const Json* size = MemberOf(process, "consoleSize");
  const auto part = [size](const char* key, std::uint64_t usual) {
    const std::uint64_t number = NumberOf(size, key).value_or(usual);
    return static_cast<std::uint16_t>(number < kMost ? number : kMost);
  };
  return {.rows = part("height", 24), .columns = part("width", 80)};
}

microvm::Program ProgramOf(const Json& process, bool terminal) {
  microvm::Program program;
  program.args = ArgumentsOf(Json{{"process", process}});
  program.confirmed = true;
  if (terminal) program.terminal = SizeOf(process);
  return program;
}

}  // namespace

Result<MicrovmConfig> ReadMicrovmConfig(Json config, const PodSettings& pod) {
  if (MemberOf(config, "process") == nullptr || !config["process"].is_object() ||
      MemberOf(config, "linux") == nullptr || !config["linux"].is_object()) {
    return Bad("no process of Linux");
  }
  if (ArgumentsOf(config).empty()) return Bad("no program");
  if (AnnotationOf(config, kContainerType) == "sandbox") {
    return Cannot("a pod has no pause container: set sandboxer = 'shim' for this runtime");
  }
  const Json* hooks = MemberOf(config, "hooks");
  if (hooks != nullptr && !hooks->empty()) return Cannot("hooks, which run on the host");
  MicrovmConfig found;
  if (auto read = ReadLinux(config["linux"], pod, found); !read) {
    return std::unexpected(std::move(read).error());
  }
  if (auto read = ReadMounts(config, found); !read) return std::unexpected(std::move(read).error());
  found.hostname = pod.hostname.empty() ? TextOf(config, "hostname") : pod.hostname;
  if (found.hostname.empty()) found.hostname = "microvm";
  config["ociVersion"] = kVersion;
  config["hostname"] = found.hostname;
  config["root"] = {{"path", microvm::kRoot},
                    {"readonly", IsTrue(MemberOf(config, "root"), "readonly")}};
  found.oom_score_adjust = OomScoreOf(config["process"]).value_or(0);
  ForgetLabels(config["process"]);
  config.erase("annotations");
  found.guest = std::move(config);
  return found;
}

microvm::Program FirstProgram(const MicrovmConfig& config, bool terminal) {
  Json guest = config.guest;
  guest["process"]["terminal"] = terminal;
  microvm::Program program = ProgramOf(guest["process"], terminal);
  program.memory = config.memory.count;
  program.pids = config.pids;
  program.container = DumpJson(guest);
  return program;
}

Result<microvm::Program> SideProgramOf(const std::string& process, bool terminal) {
  auto json = ParseJson(process);
  if (!json || !json->is_object()) {
    return Fail(Errc::kInvalidArgument, "exec: its process is no object of JSON");
  }
  ForgetLabels(*json);
  (*json)["terminal"] = terminal;
  microvm::Program program = ProgramOf(*json, terminal);
  if (program.args.empty()) return Fail(Errc::kInvalidArgument, "exec: no program");
  program.beside = true;
  program.container = DumpJson(*json);
  return program;
}

Result<host::CgroupLimits> ReadMicrovmUpdate(const std::string& resources,
                                             const MicrovmConfig& config) {
  auto limits = ReadNewLimits(resources);
  if (!limits) return Wrap(std::move(limits).error(), "class microvm: update");
  if (auto kept = CheckUnified(*limits); !kept) return std::unexpected(kept.error());
  if (limits->memory.count != 0 && limits->memory != config.memory) {
    return Cannot("update: a machine keeps the memory that it was made with");
  }
  if (limits->pids != 0 && PidsFor(*limits) != config.pids) {
    return Cannot("update: a machine keeps the number of processes that it was made with");
  }
  limits->memory = {};  // those of the group are the machine's
  limits->pids = 0;
  return limits;
}

}  // namespace strata::kube::shim
