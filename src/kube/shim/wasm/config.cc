#include "kube/shim/wasm/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "cell/roles/command_plan.h"
#include "kube/annotations.h"
#include "kube/shim/config_json.h"
#include "model/manifest/manifest.h"

namespace strata::kube::shim {
namespace {

std::unexpected<Error> Bad(const std::string& what) {
  return Fail(Errc::kInvalidArgument, "config.json: " + what);
}

Result<model::Env> ReadEnvironment(const Json& process) {
  model::Env found;
  const Json* environment = MemberOf(process, "env");
  if (environment == nullptr) return found;
  if (!environment->is_array()) return Bad("env is no list");
  for (const Json& each : *environment) {
    if (!each.is_string()) return Bad("a variable is no text");
    const auto text = each.get<std::string>();
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) return Bad("a variable without a name");
    found[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return found;
}

// What a Linux program has in its root and a WASI command cannot see.
bool IsLinuxOnly(const Json& mount) {
  constexpr std::array<std::string_view, 6> kTypes = {"proc",   "sysfs",  "devpts",
                                                      "mqueue", "cgroup", "cgroup2"};
  const std::string type = TextOf(mount, "type");
  const std::string target = TextOf(mount, "destination");
  const bool device = target == "/dev" || target.starts_with("/dev/");
  const bool scratch = target == "/run" && type == "tmpfs";  // of ctr, for daemons
  return device || scratch || std::ranges::find(kTypes, type) != kTypes.end();
}

Result<std::vector<WasmConfig::Directory>> ReadMounts(const Json& config) {
  std::vector<WasmConfig::Directory> found;
  const Json* mounts = MemberOf(config, "mounts");
  if (mounts == nullptr) return found;
  if (!mounts->is_array()) return Bad("mounts are no list");
  for (const Json& each : *mounts) {
    if (!each.is_object()) return Bad("a mount is no object");
    if (IsLinuxOnly(each)) continue;
    const std::string guest = TextOf(each, "destination");
    const std::string host = TextOf(each, "source");
    if (!guest.starts_with('/')) return Bad("a mount without a destination");
    if (!IsBound(each) || !host.starts_with('/')) {
      return Fail(Errc::kUnsupported,
                  "mount " + guest + ": a wasm container sees bound directories");
    }
    found.push_back({.host = host, .guest = guest, .writable = !IsReadOnly(each)});
  }
  return found;
}

Result<std::optional<host::Identity>> ReadUser(const Json& process) {
  const Json* user = MemberOf(process, "user");
  const auto uid = NumberOf(user, "uid");
  const auto gid = NumberOf(user, "gid");
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max() - 1;
  if (uid.value_or(0) > kMost || gid.value_or(0) > kMost) return Bad("a user that cannot be");
  if (!uid) return std::nullopt;  // root of a container is no user of the host's
  const auto number = static_cast<uid_t>(*uid);
  return host::Identity{number, gid ? static_cast<gid_t>(*gid) : number};
}

Result<void> ReadNetwork(const Json& linux, WasmConfig& found) {
  const Json* namespaces = MemberOf(linux, "namespaces");
  if (namespaces == nullptr) return {};
  if (!namespaces->is_array()) return Bad("namespaces are no list");
  for (const Json& each : *namespaces) {
    if (TextOf(each, "type") != "network") continue;
    found.network_path = TextOf(each, "path");
    using enum WasmConfig::Network;
    found.network = found.network_path.empty() ? kNone : kPod;
  }
  return {};
}

Result<std::uint16_t> ReadHttpPort(const Json& config, std::uint16_t usual) {
  const std::string text = AnnotationOf(config, kHttpPort);
  if (text.empty()) return usual;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return Fail(Errc::kInvalidArgument,
                std::string(kHttpPort) + ": '" + text + "' is no port: a number from 1 to 65535");
  }
  return port;
}

// As a Function's manifest has them, in JSON.
Result<std::optional<model::Limits>> ReadRequestLimits(const Json& config) {
  const std::string text = AnnotationOf(config, kRequestLimits);
  if (text.empty()) return std::nullopt;
  const auto json = ParseJson(text);
  if (!json) return Wrap(json.error(), kRequestLimits);
  auto limits = model::LimitsFromJson(*json);
  if (!limits) return Wrap(std::move(limits).error(), kRequestLimits);
  if (limits->concurrency > cell::kMostRequests) {
    return Fail(Errc::kInvalidArgument, std::string(kRequestLimits) + ": a pod answers " +
                                            std::to_string(cell::kMostRequests) +
                                            " requests at once at most");
  }
  return *limits;
}

}  // namespace

Result<WasmConfig> ReadWasmConfig(const Json& config, const std::string& name_space) {
  const Json* process = MemberOf(config, "process");
  const Json* linux = MemberOf(config, "linux");
  if (process == nullptr || linux == nullptr) return Bad("no process of Linux");
  if (IsTrue(process, "terminal")) {
    return Fail(Errc::kUnsupported, "a wasm container has no terminal");
  }
  WasmConfig found;
  found.arguments = ArgumentsOf(config);
  if (found.arguments.empty()) return Bad("no program");
  auto environment = ReadEnvironment(*process);
  if (!environment) return std::unexpected(std::move(environment).error());
  found.environment = std::move(*environment);
  if (auto texts = cell::CheckTexts(found.arguments, found.environment); !texts) {
    return Wrap(std::move(texts).error(), "config.json");
  }
  found.root_writable = !IsTrue(MemberOf(config, "root"), "readonly");
  auto mounts = ReadMounts(config);
  if (!mounts) return std::unexpected(std::move(mounts).error());
  found.mounts = std::move(*mounts);
  auto group = ReadGroupPlan(*linux);
  if (!group) return Wrap(std::move(group).error(), "class wasm");
  found.group = std::move(*group);
  auto user = ReadUser(*process);
  if (!user) return std::unexpected(std::move(user).error());
  found.user = *user;
  if (auto network = ReadNetwork(*linux, found); !network) {
    return std::unexpected(std::move(network).error());
  }
  const auto port = ReadHttpPort(config, found.http_port);
  if (!port) return std::unexpected(port.error());
  found.http_port = *port;
  auto request_limits = ReadRequestLimits(config);
  if (!request_limits) return std::unexpected(std::move(request_limits).error());
  found.request_limits = *request_limits;
  found.tenant = TenantOf(config, name_space);
  found.oom_score_adjust = OomScoreOf(*process);
  return found;
}

}  // namespace strata::kube::shim
