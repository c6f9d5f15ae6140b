#include "kube/kubeconfig.h"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/text/base64.h"
#include "model/manifest/diagnostic.h"
#include "model/schema/cursor.h"
#include "model/schema/yaml.h"

namespace strata::kube {
namespace {

using model::schema::Cursor;
using model::schema::Member;
using model::schema::Node;

constexpr std::size_t kMostNamed = 1000;  // contexts, clusters, users
constexpr std::string_view kScheme = "https://";

constexpr std::array<std::string_view, 2> kNotOfClusters = {"proxy-url", "tls-server-name"};
constexpr std::array<std::string_view, 8> kNotOfUsers = {
    "exec", "auth-provider", "username", "password", "as", "as-uid", "as-groups", "as-user-extra"};

std::string TextOf(const Cursor& of, std::string_view name) {
  const Member* member = of.Find(name);
  const std::string* text = member == nullptr ? nullptr : of.At(*member).Text();
  return text == nullptr ? std::string() : *text;
}

// The same of what no message may quote.
std::string SecretOf(const Cursor& of, std::string_view name) {
  const Member* member = of.Find(name);
  if (member == nullptr || member->value.type == Node::Type::kNull) return {};
  if (member->value.type == Node::Type::kScalar) return member->value.text;
  of.At(*member).Fail("must be text");
  return {};
}

void Refuse(const Cursor& of, std::span<const std::string_view> names, const char* instead) {
  for (const std::string_view name : names) {
    if (const Member* member = of.Find(name)) {
      of.At(*member).Fail(std::string("is not supported here; ") + instead);
    }
  }
}

// Gives `take` the part `inner` of what is called `name` in the list `list`.
template <typename Take>
void WithNamed(const Cursor& root, std::string_view list, std::string_view inner,
               const std::string& name, const Take& take) {
  if (const Member* all = root.Find(list)) {
    const Cursor items = root.At(*all);
    const auto* nodes = items.List(kMostNamed);
    for (std::size_t i = 0; nodes != nullptr && i < nodes->size(); ++i) {
      const Cursor item = items.At(i);
      if (item.Map() == nullptr || TextOf(item, "name") != name) continue;
      const Member* found = item.Find(inner);
      if (found != nullptr && found->value.type == Node::Type::kMap) return take(item.At(*found));
      return item.Fail("its " + std::string(inner) + " must be a map");
    }
  }
  root.Fail("there is no " + std::string(inner) + " '" + name + "' in " + std::string(list));
}

// `name` is a path, NAME-data the same in base64, which counts where both are. Nothing: a problem.
std::optional<FileOrBytes> PemOf(const Cursor& of, const std::string& name,
                                 const std::filesystem::path& folder) {
  const std::string data = SecretOf(of, name + "-data");
  if (!data.empty()) {
    auto bytes = Base64Decode(data);
    if (bytes && !bytes->empty()) return FileOrBytes{.path = {}, .bytes = std::move(*bytes)};
    of.Fail(name + "-data is not base64");
    return std::nullopt;
  }
  const std::string path = TextOf(of, name);
  if (path.empty()) return FileOrBytes{};
  return FileOrBytes{.path = folder / path, .bytes = {}};
}

std::string WithPort(std::string url) {
  if (!url.starts_with(kScheme)) return url;  // refused by who connects
  while (url.ends_with('/')) url.pop_back();
  const std::string_view host = std::string_view(url).substr(kScheme.size());
  const std::size_t colon = host.rfind(':');
  const bool port = colon != std::string_view::npos && host.find(']', colon) == host.npos;
  return port ? url : url + ":443";
}

void ReadCluster(const Cursor& cluster, const std::filesystem::path& folder, Kubeconfig& config) {
  Refuse(cluster, kNotOfClusters, "name a server that can be reached and has its own certificate");
  if (const Member* insecure = cluster.Find("insecure-skip-tls-verify")) {
    const Cursor at = cluster.At(*insecure);
    if (at.Flag().value_or(false)) {
      at.Fail(
          "is not supported: nobody would check whose server it is; give its "
          "certificate-authority");
    }
  }
  config.server = WithPort(TextOf(cluster, "server"));
  if (config.server.empty()) cluster.Fail("it has no server");
  if (auto ca = PemOf(cluster, "certificate-authority", folder)) config.ca = std::move(*ca);
}

void ReadUser(const Cursor& user, const std::filesystem::path& folder, Kubeconfig& config) {
  constexpr const char* kInstead =
      "use a client certificate or a token ('kubectl create token' makes one)";
  Refuse(user, kNotOfUsers, kInstead);
  auto certificate = PemOf(user, "client-certificate", folder);
  auto key = PemOf(user, "client-key", folder);
  if (!certificate || !key) return;
  if (certificate->empty() != key->empty()) {
    return user.Fail("client-certificate and client-key belong together");
  }
  config.certificate = std::move(*certificate);
  config.key = std::move(*key);
  // A file, which somebody keeps new, goes before what stands here.
  const std::string file = TextOf(user, "tokenFile");
  if (!file.empty()) config.token.path = folder / file;
  if (file.empty()) config.token.bytes = SecretOf(user, "token");
  if (config.certificate.empty() && config.token.empty()) {
    user.Fail(std::string("it does not say who we are: ") + kInstead);
  }
}

void ReadRoot(const Cursor& root, const std::filesystem::path& folder, std::string_view context,
              Kubeconfig& config) {
  if (root.Map() == nullptr) return;
  const std::string name = context.empty() ? TextOf(root, "current-context") : std::string(context);
  if (name.empty()) return root.Fail("it has no current-context; say which with --context");
  std::string cluster_name;
  std::string user_name;
  bool found = false;
  WithNamed(root, "contexts", "context", name, [&](const Cursor& at) {
    found = true;
    cluster_name = TextOf(at, "cluster");
    user_name = TextOf(at, "user");
    config.space = TextOf(at, "namespace");
  });
  if (!found) return;
  WithNamed(root, "clusters", "cluster", cluster_name,
            [&](const Cursor& at) { ReadCluster(at, folder, config); });
  WithNamed(root, "users", "user", user_name,
            [&](const Cursor& at) { ReadUser(at, folder, config); });
}

}  // namespace

Result<Kubeconfig> ReadKubeconfig(std::string_view text, const std::filesystem::path& file,
                                  std::string_view context) {
  model::Problems problems(file.string());
  const auto documents = model::schema::ReadYaml(text, problems);
  Kubeconfig config;
  if (documents.size() == 1 && documents.front().sound) {
    const Cursor root(documents.front().root, problems);
    ReadRoot(root, file.parent_path(), context, config);
  } else if (problems.size() == 0) {
    problems.Add(0, 0, {}, "is no kubeconfig: it is one YAML document");
  }
  if (problems.size() > 0) return std::unexpected(model::ToError(problems.Take()));
  if (config.space.empty()) config.space = "default";
  return config;
}

}  // namespace strata::kube
