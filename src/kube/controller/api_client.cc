#include "kube/controller/api_client.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/files/files.h"
#include "base/result.h"

namespace strata::kube::controller {
namespace {

constexpr std::string_view kFieldManager = "strata-controller";
constexpr const char* kSecrets = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr const char* kMetadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
constexpr const char* kMetadataList =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
constexpr Bytes kMostToken = 64_KiB;
constexpr int kPage = 500;   // objects that one answer has at most
constexpr int kShorter = 4;  // times, where that many do not fit into one
// Of its machine, after which it has vanished: the kernel asks it.
constexpr std::chrono::seconds kSilenceOfMachine{30};
// The server ends a watch by itself; one that says nothing for longer hangs.
constexpr std::chrono::seconds kWatchSeconds{240};
constexpr std::chrono::seconds kSilence{300};

Errc CodeOf(unsigned status) {
  switch (status) {
    case 404:
      return Errc::kNotFound;
    case 409:
    case 410:
      return Errc::kFailedPrecondition;
    case 401:
    case 403:
      return Errc::kPermissionDenied;
    case 400:
    case 422:
      return Errc::kInvalidArgument;
    default:
      return Errc::kUnavailable;
  }
}

// What the server says of its refusal: a Status object, as a rule.
Error Refusal(const http::ClientRequest& request, unsigned status, const std::string& body) {
  const auto said = ParseJson(body);
  const bool known = said && said->is_object() && said->contains("message");
  std::string message = known ? said->value("message", "") : "status " + std::to_string(status);
  return {CodeOf(status), request.method + " " + request.target + ": " + std::move(message)};
}

// `target` ends where a query's next field may stand.
http::ClientRequest PatchOf(const std::string& target, const char* type, const Json& body) {
  http::ClientRequest request;
  request.method = "PATCH";
  request.target = target + "fieldManager=" + std::string(kFieldManager);
  request.headers.emplace_back("Content-Type", type);
  request.body = DumpJson(body);
  return request;
}

}  // namespace

Result<ClusterAccess> AccessOfPod() {
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr) {
    return Fail(Errc::kFailedPrecondition,
                "KUBERNETES_SERVICE_HOST and _PORT are not set: this is no pod; say which server");
  }
  const std::filesystem::path secrets = kSecrets;
  const std::string name(host);
  const bool v6 = name.find(':') != std::string::npos;
  auto server = tls::ParseRemote("https://" + (v6 ? "[" + name + "]" : name) + ":" + port,
                                 {.ca = secrets / "ca.crt"});
  if (!server) return std::unexpected(std::move(server).error());
  return ClusterAccess{std::move(*server), secrets / "token"};
}

Result<ClusterAccess> AccessTo(const std::string& server, const tls::Files& files,
                               const std::filesystem::path& token) {
  if (server.empty()) return AccessOfPod();
  auto remote = tls::ParseRemote(server, files);
  if (!remote) return std::unexpected(std::move(remote).error());
  return ClusterAccess{*std::move(remote), token};
}

Result<std::string> ReadToken(const std::filesystem::path& file) {
  auto token = ReadFile(file, kMostToken);
  if (token) token->erase(token->find_last_not_of(" \r\n") + 1);
  return token;
}

ApiClient::ApiClient(Loop& loop, ClusterAccess access) : loop_(loop), access_(std::move(access)) {
  access_.server.silence = kSilenceOfMachine;
}

Task<http::ClientResponse> ApiClient::Send(http::ClientRequest request, http::FetchOptions options,
                                           const char* accept) {
  request.headers.emplace_back("Accept", accept);
  if (!access_.token.empty()) {
    auto token = ReadToken(access_.token);
    if (!token) co_return std::unexpected(std::move(token).error());
    request.headers.emplace_back("Authorization", "Bearer " + *token);
  }
  const http::ClientRequest asked = request;
  auto answer = co_await tls::Fetch(loop_, access_.server, std::move(request), std::move(options));
  if (answer && answer->status >= 400) {
    Error refused = Refusal(asked, answer->status, answer->body);
    co_return std::unexpected(std::move(refused));
  }
  co_return answer;
}

Task<Json> ApiClient::Ask(http::ClientRequest request, const char* accept) {
  http::FetchOptions options;
  const auto limit = options.body_limit;
  auto answer = co_await Send(std::move(request), std::move(options), accept);
  if (!answer) co_return std::unexpected(std::move(answer).error());
  auto parsed = ParseJson(answer->body, limit);
  co_return parsed;
}

Task<Json> ApiClient::Get(std::string path) {
  http::ClientRequest request;
  request.target = std::move(path);
  co_return co_await Ask(std::move(request));
}

// `more`: where the last page ended (base64url, so that nothing is to be escaped); empty: the first
// one. `most`: objects of it.
Task<Json> ApiClient::Page(std::string path, std::string more, Form form, int most) {
  http::ClientRequest request;
  request.target = path + (path.find('?') == std::string::npos ? "?" : "&") +
                   "limit=" + std::to_string(most) + (more.empty() ? "" : "&continue=" + more);
  const char* const accept = form == Form::kWhole ? kJson : kMetadataList;
  auto page = co_await Ask(std::move(request), accept);
  // Of none, the list of their metadata is null.
  const bool listed = page && page->is_object() && page->contains("items") &&
                      ((*page)["items"].is_array() || (*page)["items"].is_null());
  if (page && !listed) {
    Error error{Errc::kInvalidArgument, path + ": the answer is no list"};
    co_return std::unexpected(std::move(error));
  }
  co_return page;
}

Task<Objects> ApiClient::List(std::string path, Form form) {
  Objects objects;
  std::string more;
  int most = kPage;
  while (true) {
    auto page = co_await Page(path, more, form, most);
    // Whoever makes large objects must not keep all others from being seen.
    if (!page && page.error().code == Errc::kResourceExhausted && most > 1) {
      most = std::max(most / kShorter, 1);
      continue;
    }
    if (!page) co_return std::unexpected(std::move(page).error());
    const std::string list_kind = page->value("kind", "");
    const std::string kind = list_kind.substr(0, list_kind.rfind("List"));
    for (Json& item : (*page)["items"]) {
      item["apiVersion"] = page->value("apiVersion", "");
      item["kind"] = kind;
      objects.items.push_back(std::move(item));
    }
    objects.version = page->value("/metadata/resourceVersion"_json_pointer, "");
    more = page->value("/metadata/continue"_json_pointer, "");
    if (more.empty()) co_return objects;
  }
}

Task<Json> ApiClient::Apply(std::string path, Json object, Others others) {
  http::ClientRequest request =
      PatchOf(std::move(path) + (others == Others::kTakeOver ? "?force=true&" : "?"),
              "application/apply-patch+yaml", object);
  co_return co_await Ask(std::move(request));
}

Task<Json> ApiClient::Create(std::string path, Json object) {
  http::ClientRequest request;
  request.method = "POST";
  request.target = std::move(path);
  request.headers.emplace_back("Content-Type", kJson);
  request.body = DumpJson(object);
  co_return co_await Ask(std::move(request));
}

Task<Json> ApiClient::Merge(std::string path, Json patch) {
  http::ClientRequest request =
      PatchOf(std::move(path) + "?", "application/merge-patch+json", patch);
  co_return co_await Ask(std::move(request));
}

Task<void> ApiClient::Delete(std::string path, std::string uid, std::string version) {
  http::ClientRequest request;
  request.method = "DELETE";
  request.target = std::move(path);
  request.headers.emplace_back("Content-Type", kJson);
  request.body = DumpJson(
      {{"apiVersion", "v1"},
       {"kind", "DeleteOptions"},
       {"propagationPolicy", "Foreground"},
       {"preconditions", {{"uid", std::move(uid)}, {"resourceVersion", std::move(version)}}}});
  http::FetchOptions options;
  auto answer = co_await Send(std::move(request), std::move(options));
  const bool not_that = !answer && (answer.error().code == Errc::kNotFound ||
                                    answer.error().code == Errc::kFailedPrecondition);
  if (!answer && !not_that) co_return std::unexpected(std::move(answer).error());
  const Result<void> done;
  co_return done;
}

Task<void> ApiClient::Watch(std::string path, std::string version,
                            std::function<void(WatchEvent)> on_event, Form form) {
  http::ClientRequest request;
  const char* const mark = path.find('?') == std::string::npos ? "?" : "&";
  request.target = std::move(path) + mark +
                   "watch=true&allowWatchBookmarks=true&resourceVersion=" + version +
                   "&timeoutSeconds=" + std::to_string(kWatchSeconds.count());
  WatchStream stream(std::move(on_event));
  std::optional<Error> failed;
  std::string refusal;
  http::FetchOptions options;
  options.timeout = kSilence;
  options.on_body = [&](const http::ClientResponse& head, std::string_view piece) {
    if (head.status >= 400) {
      refusal += piece.substr(0, kMostToken.count);
      return refusal.size() < kMostToken.count;
    }
    auto taken = stream.Feed(piece);
    if (!taken) failed = std::move(taken).error();
    return !failed.has_value();
  };
  const char* const accept = form == Form::kWhole ? kJson : kMetadata;
  auto answer = co_await Send(std::move(request), std::move(options), accept);
  if (failed) co_return std::unexpected(std::move(*failed));
  if (!answer && !refusal.empty()) {
    Error refused = std::move(answer).error();
    refused.message += ": " + refusal;
    co_return std::unexpected(std::move(refused));
  }
  if (!answer) co_return std::unexpected(std::move(answer).error());
  const Result<void> done;
  co_return done;
}

}  // namespace strata::kube::controller
