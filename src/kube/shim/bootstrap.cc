#include "kube/shim/bootstrap.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/sha256.h"
#include "base/text/json.h"
#include "kube/shim/config_json.h"
#include "kube/shim/messages.h"
#include "kube/shim/options.h"

namespace strata::kube::shim {
namespace {

constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kDefaultSocketDir = "/run/containerd/s";
constexpr int kVersion3 = 3;
constexpr int kVersion2 = 2;
// Room for our names below the 107 bytes of a Unix socket's path.
constexpr std::size_t kNameBytes = 24;

std::string Path(std::string_view address) {
  if (address.starts_with(kUnix)) address.remove_prefix(kUnix.size());
  return std::string(address);
}

std::unexpected<Error> Misused(const std::string& what) {
  return Fail(Errc::kInvalidArgument, "arguments: " + what);
}

std::optional<Verb> VerbOf(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, Verb>, 4> kVerbs = {{{"start", Verb::kStart},
                                                                        {"delete", Verb::kDelete},
                                                                        {"serve", Verb::kServe},
                                                                        {"hold", Verb::kHold}}};
  for (const auto& [name, verb] : kVerbs) {
    if (name == word) return verb;
  }
  return std::nullopt;
}

// Options that say what to do, and nothing more.
std::optional<Verb> OnlyVerbOf(std::string_view option) {
  if (option == "v" || option == "version") return Verb::kVersion;
  if (option == "info") return Verb::kInfo;
  if (option == "probe") return Verb::kProbe;
  return std::nullopt;
}

// Where the value of an option goes; null: there is no such option with a value.
std::string* ValueOf(Invocation& invocation, std::string& listen_fd, std::string& ignored,
                     std::string_view name) {
  if (name == "namespace") return &invocation.name_space;
  if (name == "id") return &invocation.id;
  if (name == "bundle") return &invocation.bundle;
  if (name == "address") return &invocation.address;
  if (name == "ttrpc") return &invocation.ttrpc;
  if (name == "listen-fd") return &listen_fd;
  if (name == "publish-binary" || name == "socket") return &ignored;
  return nullptr;
}

Result<Invocation> Check(Invocation invocation, const std::string& listen_fd) {
  invocation.address = Path(invocation.address);
  const bool names = !invocation.name_space.empty() && !invocation.id.empty();
  const bool one = invocation.verb == Verb::kStart || invocation.verb == Verb::kDelete;
  if (one && !names) return Misused("-namespace and -id are needed");
  if (invocation.verb == Verb::kServe) {
    const auto* end = listen_fd.data() + listen_fd.size();
    const auto parsed = std::from_chars(listen_fd.data(), end, invocation.listen_fd);
    if (parsed.ec != std::errc() || parsed.ptr != end || invocation.listen_fd < 0) {
      return Misused("-listen-fd takes a number");
    }
    if (invocation.ttrpc.empty()) return Misused("-ttrpc is needed");
  }
  return invocation;
}

Result<Bootstrap> Finish(Bootstrap bootstrap, std::string_view ttrpc_address) {
  if (bootstrap.ttrpc_address.empty()) bootstrap.ttrpc_address = Path(ttrpc_address);
  if (bootstrap.socket_dir.empty()) bootstrap.socket_dir = kDefaultSocketDir;
  if (bootstrap.ttrpc_address.empty()) {
    return Fail(Errc::kInvalidArgument, "bootstrap: nobody said where containerd listens");
  }
  for (const std::string* path : {&bootstrap.ttrpc_address, &bootstrap.socket_dir}) {
    if (!path->starts_with('/')) {
      return Fail(Errc::kInvalidArgument, "bootstrap: not an absolute path: " + *path);
    }
  }
  return bootstrap;
}

std::optional<Bootstrap> FromJson(std::string_view input, const Invocation& invocation) {
  const auto json = ParseJson(input);
  if (!json || !json->is_object()) return std::nullopt;
  const auto text = [&json](const char* key) {
    const auto at = json->find(key);
    return at != json->end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  const bool ours =
      text("instance_id") == invocation.id && text("namespace") == invocation.name_space;
  if (!ours) return std::nullopt;
  return Bootstrap{.dialect = Dialect::kJson,
                   .ttrpc_address = Path(text("containerd_ttrpc_address")),
                   .socket_dir = text("socket_dir"),
                   .options = {}};
}

}  // namespace

Result<Invocation> ParseArguments(std::span<const char* const> arguments) {
  Invocation invocation;
  std::string listen_fd;
  std::string ignored;
  bool verb_given = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view word = arguments[i];
    if (!word.starts_with('-')) {
      const auto verb = VerbOf(word);
      if (!verb || verb_given) return Misused("not expected: " + std::string(word));
      invocation.verb = *verb;
      verb_given = true;
      continue;
    }
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    if (word == "debug") continue;
    if (const auto verb = OnlyVerbOf(word)) {
      invocation.verb = *verb;
      return invocation;
    }
    const std::size_t equals = word.find('=');
    std::string* value = ValueOf(invocation, listen_fd, ignored, word.substr(0, equals));
    if (value == nullptr) return Misused("no such option: -" + std::string(word));
    if (equals != std::string_view::npos) {
      *value = word.substr(equals + 1);
    } else if (++i < arguments.size()) {
      *value = arguments[i];
    } else {
      return Misused("-" + std::string(word) + " takes a value");
    }
  }
  if (!verb_given) return Misused("one of start and delete is needed");
  return Check(std::move(invocation), listen_fd);
}

Result<Bootstrap> ReadBootstrap(std::string_view input, const Invocation& invocation,
                                std::string_view ttrpc_address) {
  if (input.starts_with('{')) {
    if (auto json = FromJson(input, invocation)) return Finish(std::move(*json), ttrpc_address);
  }
  bootstrap_api::BootstrapParams params;
  if (params.ParseFromArray(input.data(), static_cast<int>(input.size())) &&
      params.instance_id() == invocation.id && params.namespace_() == invocation.name_space) {
    Bootstrap bootstrap{.dialect = Dialect::kProtobuf,
                        .ttrpc_address = Path(params.containerd_ttrpc_address()),
                        .socket_dir = params.socket_dir(),
                        .options = {}};
    for (const auto& extension : params.extensions()) {
      if (AreOptions(extension.value())) bootstrap.options = extension.value();
    }
    return Finish(std::move(bootstrap), ttrpc_address);
  }
  Bootstrap legacy;
  if (!legacy.options.ParseFromArray(input.data(), static_cast<int>(input.size()))) {
    legacy.options.Clear();
  }
  return Finish(std::move(legacy), ttrpc_address);
}

std::string WriteResult(Dialect dialect, std::string_view socket_path) {
  const std::string address = std::string(kUnix) + std::string(socket_path);
  if (dialect != Dialect::kProtobuf) {
    return DumpJson({{"version", dialect == Dialect::kJson ? kVersion3 : kVersion2},
                     {"address", address},
                     {"protocol", "ttrpc"}});
  }
  bootstrap_api::BootstrapResult result;
  result.set_version(kVersion3);
  result.set_address(address);
  result.set_protocol("ttrpc");
  return result.SerializeAsString();
}

std::string WriteInfo(std::string_view features) {
  auto said = ParseJson(features);
  if (!said || !said->is_object()) {
    said = Json{{"ociVersionMin", "1.0.0"}, {"ociVersionMax", "1.0.2"}};
  }
  // Mounts whose owners are mapped: containerd takes them for user namespaces, which no pod has.
  if (MemberOf(*said, "linux") != nullptr && (*said)["linux"].is_object()) {
    (*said)["linux"].erase("mountExtensions");
  }
  type_api::RuntimeInfo info;
  info.set_name("io.containerd.strata.v2");
  info.mutable_version()->set_version(STRATA_VERSION);
  info.mutable_features()->set_type_url(
      "types.containerd.io/opencontainers/runtime-spec/1/features/Features");
  info.mutable_features()->set_value(DumpJson(*said));
  return info.SerializeAsString();
}

std::string SocketPath(std::string_view socket_dir, std::string_view ttrpc_address,
                       std::string_view runtime, std::string_view tenant) {
  std::string what = std::string(ttrpc_address) + "\n" + std::string(runtime);
  if (!tenant.empty()) what += "\n" + std::string(tenant);
  return std::string(socket_dir) + "/" + Sha256Hex(what).substr(0, kNameBytes);
}

}  // namespace strata::kube::shim
