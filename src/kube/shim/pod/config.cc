#include "kube/shim/pod/config.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "cri/pod_sandbox.pb.h"
#include "kube/shim/config_json.h"

namespace strata::kube::shim {
namespace {

namespace cri_api = ::runtime::v1;

constexpr std::string_view kOptionsType = "runtime.v1.PodSandboxConfig";
constexpr std::string_view kNoProcess = "/proc/0/";  // the pod's pid, as containerd writes it
constexpr const char* kPodAnnotation = "io.kubernetes.cri.sandbox-id";

enum class Owner : std::uint8_t { kNobody, kNetwork, kIpc };

// Whose a sysctl is that differs from pod to pod.
Owner OwnerOf(std::string_view name) {
  constexpr std::array<std::string_view, 4> kIpc = {"kernel.shm", "kernel.msg", "kernel.sem",
                                                    "fs.mqueue."};
  if (name.starts_with("net.")) return Owner::kNetwork;
  const bool ipc = std::ranges::any_of(
      kIpc, [name](std::string_view prefix) { return name.starts_with(prefix); });
  return ipc ? Owner::kIpc : Owner::kNobody;
}

Result<void> CheckSysctl(const std::string& given, const PodSettings& settings) {
  std::string name = given;
  std::ranges::replace(name, '/', '.');
  const Owner owner = OwnerOf(name);
  const bool host = owner == Owner::kNetwork ? settings.host_network : settings.host_ipc;
  if (owner == Owner::kNobody || host || name.find("..") != std::string::npos) {
    return Fail(Errc::kInvalidArgument, "sysctl " + given + ": it is the host's, not this pod's");
  }
  return {};
}

std::string ResolvConf(const cri_api::DNSConfig& dns) {
  std::string text;
  const auto line = [&text](const char* word, const auto& values) {
    if (values.empty()) return;
    text += word;
    for (const std::string& value : values) text += " " + value;
    text += "\n";
  };
  line("search", dns.searches());
  for (const std::string& server : dns.servers()) text += "nameserver " + server + "\n";
  line("options", dns.options());
  return text;
}

// As containerd's own pods have it by default: ports and pings need no privilege.
void AddDefaultSysctls(PodSettings& settings) {
  if (settings.host_network) return;
  settings.sysctls.try_emplace("net.ipv4.ip_unprivileged_port_start", "0");
  settings.sysctls.try_emplace("net.ipv4.ping_group_range", "0 2147483647");
}

// Where a namespace of `type` is in the pod; nullopt: it is the host's. Others stay as they are.
std::optional<std::string> PathOf(const std::string& type, std::string path,
                                  const PodSettings& settings, const PodPlace& place) {
  const auto own = [](bool host, std::string where) {
    return host ? std::nullopt : std::optional(std::move(where));
  };
  if (type == "network") return own(settings.host_network, place.network);
  if (type == "uts") return own(settings.host_network, place.uts());
  if (type == "ipc") return own(settings.host_ipc, place.ipc());
  const bool pods = type == "pid" && path.starts_with(kNoProcess);
  if (pods && settings.host_processes) return std::nullopt;
  if (pods && settings.share_processes) return place.processes();
  return path;
}

Result<Json> JoinNamespaces(const Json& namespaces, const PodSettings& settings,
                            const PodPlace& place) {
  Json joined = Json::array();
  for (const Json& each : namespaces) {
    if (!each.is_object()) return Fail(Errc::kInvalidArgument, "config.json: a bad namespace");
    const std::string type = TextOf(each, "type");
    const auto path = PathOf(type, TextOf(each, "path"), settings, place);
    if (!path) continue;
    if (path->starts_with(kNoProcess)) {
      return Fail(Errc::kUnsupported, "the pod has no process whose " + type +
                                          " namespace could be shared: use sandboxer 'podsandbox'");
    }
    Json one{{"type", type}};
    if (!path->empty()) one["path"] = *path;
    joined.push_back(std::move(one));
  }
  return joined;
}

// Whether `mount` is what every container has in a place before the pod's is put there.
bool IsDefault(const Json& mount) { return TextOf(mount, "type") == "tmpfs"; }

void AddMount(Json& mounts, const std::string& source, const char* target, bool read_only) {
  const auto same = [target](const Json& mount) {
    return mount.is_object() && TextOf(mount, "destination") == target;
  };
  const auto at = std::ranges::find_if(mounts, same);
  if (at != mounts.end() && !IsDefault(*at)) return;
  if (at != mounts.end()) mounts.erase(at);
  mounts.push_back({{"destination", target},
                    {"type", "bind"},
                    {"source", source},
                    {"options", {"rbind", "rprivate", read_only ? "ro" : "rw"}}});
}

}  // namespace

Result<PodSettings> ReadPodSettings(const google::protobuf::Any& options) {
  PodSettings settings;
  if (options.type_url().empty() && options.value().empty()) return settings;
  cri_api::PodSandboxConfig config;
  if (!options.type_url().ends_with(kOptionsType) || !config.ParseFromString(options.value())) {
    return Fail(Errc::kUnsupported, "sandbox options " + options.type_url() +
                                        ": only Kubernetes' PodSandboxConfig is understood");
  }
  const auto& namespaces = config.linux().security_context().namespace_options();
  if (namespaces.has_userns_options() && namespaces.userns_options().mode() != cri_api::NODE) {
    return Fail(Errc::kUnsupported, "a pod's user namespace: use sandboxer 'podsandbox'");
  }
  settings.hostname = config.hostname();
  settings.host_network = namespaces.network() == cri_api::NODE;
  settings.host_ipc = namespaces.ipc() == cri_api::NODE;
  settings.host_processes = namespaces.pid() == cri_api::NODE;
  settings.share_processes = namespaces.pid() == cri_api::POD;
  if (config.has_dns_config()) settings.resolv_conf = ResolvConf(config.dns_config());
  for (const auto& [name, value] : config.linux().sysctls()) {
    if (auto good = CheckSysctl(name, settings); !good) {
      return std::unexpected(std::move(good).error());
    }
    settings.sysctls[name] = value;
  }
  AddDefaultSysctls(settings);
  return settings;
}

std::string PodOf(const Json& config) { return AnnotationOf(config, kPodAnnotation); }

Result<Json> JoinPod(Json config, const PodSettings& settings, const PodPlace& place) {
  if (!config.is_object() || !config.contains("linux") || !config["linux"].is_object()) {
    return Fail(Errc::kInvalidArgument, "config.json: no container of Linux");
  }
  Json& linux = config["linux"];
  if (linux.contains("namespaces")) {
    if (!linux["namespaces"].is_array()) {
      return Fail(Errc::kInvalidArgument, "config.json: namespaces are no list");
    }
    auto joined = JoinNamespaces(linux["namespaces"], settings, place);
    if (!joined) return joined;
    linux["namespaces"] = std::move(*joined);
  }
  // The pod's namespace has its name already, and the host's must not get one.
  config.erase("hostname");
  config.erase("domainname");
  Json& mounts = config["mounts"];
  if (mounts.is_null()) mounts = Json::array();
  if (!mounts.is_array()) return Fail(Errc::kInvalidArgument, "config.json: mounts are no list");
  const bool read_only = IsTrue(MemberOf(config, "root"), "readonly");
  AddMount(mounts, place.hostname(), "/etc/hostname", read_only);
  AddMount(mounts, place.hosts(), "/etc/hosts", read_only);
  AddMount(mounts, place.resolv_conf(), "/etc/resolv.conf", read_only);
  AddMount(mounts, settings.host_ipc ? "/dev/shm" : place.shm(), "/dev/shm", false);
  return config;
}

}  // namespace strata::kube::shim
