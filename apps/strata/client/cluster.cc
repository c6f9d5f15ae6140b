#include "client/cluster.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/async/task.h"
#include "base/files/files.h"
#include "client/session.h"
#include "host/files/memfd.h"
#include "kube/kubeconfig.h"
#include "model/resource.h"

namespace strata::cli {
namespace {

using kube::controller::AccessOfPod;
using kube::controller::ApiClient;
using kube::controller::ClusterAccess;

constexpr Bytes kMostConfig = 1_MiB;
constexpr const char* kPublicAuthorities = "/etc/ssl/certs/ca-certificates.crt";
constexpr const char* kSpaceOfPod = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// Empty: this is a pod, and there is none.
Result<std::string> FindConfig(const std::string& said) {
  if (!said.empty()) return said;
  std::string listed = Environment("KUBECONFIG");
  if (listed.find(':') != std::string::npos) {
    return Fail(Errc::kInvalidArgument,
                "KUBECONFIG names several files, and they are not merged here; say which one with "
                "--kubeconfig");
  }
  if (!listed.empty()) return listed;
  std::string home = Environment("HOME") + "/.kube/config";
  if (::access(home.c_str(), F_OK) == 0) return home;
  if (!Environment("KUBERNETES_SERVICE_HOST").empty()) return std::string();
  return Fail(Errc::kInvalidArgument,
              "there is no " + home + "; say which cluster with --kubeconfig (or KUBECONFIG)");
}

// The path of `what`. Bytes are kept, as nobody else's, while `kept` is.
Result<std::filesystem::path> PathOf(kube::FileOrBytes what,
                                     std::vector<std::shared_ptr<const Fd>>& kept) {
  if (what.bytes.empty()) return std::move(what.path);
  auto file = host::MakeMemfd("kubeconfig");
  if (!file) return std::unexpected(std::move(file).error());
  if (::fchmod(file->get(), S_IRUSR) != 0) return FailErrno("keep what kubeconfig says", errno);
  if (auto put = WriteAll(file->get(), what.bytes); !put) return std::unexpected(put.error());
  kept.push_back(std::make_shared<const Fd>(std::move(*file)));
  return std::filesystem::path("/proc/self/fd/" + std::to_string(kept.back()->get()));
}

// What `path` leads to, by the API server.
std::string Target(std::string_view space, std::string_view plural, std::string_view name) {
  std::string path = "/apis/" + std::string(model::kApiVersion);
  if (!space.empty()) path += "/namespaces/" + PercentEncode(space);
  path += "/" + std::string(plural);
  return name.empty() ? path : path + "/" + PercentEncode(name);
}

template <typename T>
Awaitable<void> Into(Task<T> task, Result<T>& out) {
  out = co_await std::move(task);
}

// Asks on a loop of its own.
template <typename T, typename Ask>
Result<T> Blocking(const ClusterAccess& access, const Ask& ask) {
  Loop loop(1);
  ApiClient client(loop, access);
  Result<T> out = Fail(Errc::kInternal, "nobody was asked");
  Spawn(loop, Into<T>(ask(client), out));
  loop.run();
  return out;
}

}  // namespace

Result<Cluster> Cluster::Open(const std::string& file, const std::string& context) {
  auto path = FindConfig(file);
  if (!path) return std::unexpected(std::move(path).error());
  Cluster cluster;
  if (path->empty()) {
    auto access = AccessOfPod();
    if (!access) return std::unexpected(std::move(access).error());
    cluster.access_ = std::move(*access);
    auto space = ReadFile(kSpaceOfPod, 1_KiB);
    if (!space) return std::unexpected(std::move(space).error());
    cluster.space_ = std::move(*space);
    return cluster;
  }
  auto text = ReadFile(*path, kMostConfig);
  if (!text) return std::unexpected(std::move(text).error());
  auto config = kube::ReadKubeconfig(*text, *path, context);
  if (!config) return std::unexpected(std::move(config).error());
  if (config->ca.empty()) config->ca.path = kPublicAuthorities;
  tls::Files files;
  for (auto [what, to] :
       {std::pair(&config->ca, &files.ca), std::pair(&config->certificate, &files.certificate),
        std::pair(&config->key, &files.key), std::pair(&config->token, &cluster.access_.token)}) {
    auto kept = PathOf(std::move(*what), cluster.kept_);
    if (!kept) return std::unexpected(std::move(kept).error());
    *to = std::move(*kept);
  }
  auto server = tls::ParseRemote(config->server, std::move(files));
  if (!server) return Wrap(std::move(server).error(), *path + ": server");
  cluster.access_.server = std::move(*server);
  cluster.space_ = std::move(config->space);
  return cluster;
}

Result<Json> Cluster::Get(std::string_view space, std::string_view plural,
                          std::string_view name) const {
  return Blocking<Json>(access_,
                        [&](ApiClient& client) { return client.Get(Target(space, plural, name)); });
}

Result<std::vector<Json>> Cluster::List(std::string_view space, std::string_view plural) const {
  auto list = Blocking<kube::controller::Objects>(
      access_, [&](ApiClient& client) { return client.List(Target(space, plural, {})); });
  if (!list) return std::unexpected(std::move(list).error());
  return std::move(list->items);
}

}  // namespace strata::cli
