#include "client/session.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "client/guest_end.h"
#include "exit_code.h"
#include "model/manifest/crd.h"
#include "model/resource.h"

namespace strata::cli {
namespace {

// Compiling a large module takes its time.
constexpr std::chrono::minutes kPatience{5};
constexpr std::uint16_t kFirstError = 400;

// For refusals that name no Errc: those of cells, of the HTTP layer and of what stands between.
Errc CodeOf(std::uint16_t status) {
  switch (status) {
    case 401:
    case 403:
      return Errc::kPermissionDenied;
    case 404:
    case 410:
      return Errc::kNotFound;
    case 409:
      return Errc::kFailedPrecondition;
    case 408:
    case 504:
      return Errc::kDeadlineExceeded;
    case 429:
      return Errc::kResourceExhausted;
    case 501:
      return Errc::kUnsupported;
    case 503:
      return Errc::kUnavailable;
    default:
      return status < 500 ? Errc::kInvalidArgument : Errc::kInternal;
  }
}

// What the API says has gone wrong.
Error RefusalIn(const http::ClientResponse& response) {
  Error refusal{CodeOf(response.status), "the server answered " + std::to_string(response.status)};
  const auto type = response.header("Content-Type");
  if (!type || !type->starts_with("application/problem+json")) return refusal;
  const auto problem = ParseJson(response.body);
  if (!problem || !problem->is_object()) return refusal;
  const auto text = [&](const char* field, std::string otherwise) {
    const auto found = problem->find(field);
    return found != problem->end() && found->is_string() ? found->get<std::string>() : otherwise;
  };
  if (problem->contains("code")) refusal.code = ErrcFromName(text("code", ""));
  refusal.message = text("detail", refusal.message);
  return refusal;
}

// Null for an answer without a body.
Result<Json> JsonOf(Result<http::ClientResponse> response) {
  if (!response) return std::unexpected(std::move(response).error());
  if (response->body.empty()) return Json(nullptr);
  return ParseJson(response->body, Bytes::MiB(64));
}

}  // namespace

std::filesystem::path DefaultHome() {
  const char* chosen = std::getenv("STRATA_HOME");
  if (chosen != nullptr && *chosen != '\0') return std::filesystem::absolute(chosen);
  const char* home = std::getenv("HOME");
  const std::filesystem::path base = home != nullptr && *home != '\0' ? home : "/root";
  return base / ".local" / "state" / "strata";
}

bool Session::is_remote() const {
  return !api.empty() || !api_files.certificate.empty() || !api_files.key.empty() ||
         !api_files.ca.empty();
}

Result<tls::Remote> Session::remote() const {
  const std::pair<const char*, bool> given[] = {{"--api", !api.empty()},
                                                {"--api-cert", !api_files.certificate.empty()},
                                                {"--api-key", !api_files.key.empty()},
                                                {"--api-ca", !api_files.ca.empty()}};
  std::string missing;
  for (const auto& [name, is_given] : given) missing += is_given ? "" : std::string(" ") + name;
  if (!missing.empty()) {
    return Fail(
        Errc::kInvalidArgument,
        "a server elsewhere needs --api, --api-cert, --api-key and --api-ca (or STRATA_API, "
        "STRATA_API_CERT, STRATA_API_KEY, STRATA_API_CA); missing:" +
            missing);
  }
  return tls::ParseRemote(api, api_files);
}

Result<void> Session::CheckServer() const {
  if (!kube) return {};
  return Fail(
      Errc::kUnsupported,
      "--kube reads what is deployed: get, describe and explain. This verb asks stratad; on "
      "a cluster, kubectl changes things, and what runs there is in pods");
}

Result<void> Session::CheckLocal() {
  if (::access(api_socket().c_str(), F_OK) == 0) return {};
  no_server = true;
  return Fail(Errc::kUnavailable, "stratad does not run (no " + api_socket().string() +
                                      "); start it with 'strata up -d'");
}

Task<Session::Connection> Session::Connect(Loop& loop) {
  if (auto server = CheckServer(); !server) co_return std::unexpected(std::move(server).error());
  Result<Connection> connected = Fail(Errc::kInternal, "not connected");
  if (is_remote()) {
    auto to = remote();
    if (!to) co_return std::unexpected(to.error());
    const std::string host = to->host;
    auto started = co_await tls::Connect(loop, std::move(*to));
    if (started) {
      co_return Connection{std::move(started->plain), host, std::move(started->relay)};
    }
    connected = std::unexpected(std::move(started).error());
  } else {
    if (auto here = CheckLocal(); !here) co_return std::unexpected(std::move(here).error());
    // Named: gcc 12 destroys a temporary argument of a coroutine twice.
    http::Endpoint endpoint = http::UnixEndpoint{api_socket().string()};
    auto client = co_await http::Client::Connect(loop, std::move(endpoint));
    auto plain = client ? std::move(*client).Release() : std::unexpected(client.error());
    if (plain) co_return Connection{std::move(*plain), "localhost", nullptr};
    connected = std::unexpected(std::move(plain).error());
  }
  no_server = connected.error().code == Errc::kUnavailable;
  co_return Wrap(connected.error(), "ask stratad");
}

Result<http::ClientResponse> Session::Ask(http::ClientRequest request, http::FetchOptions options) {
  if (auto server = CheckServer(); !server) return std::unexpected(std::move(server).error());
  if (options.timeout == http::FetchOptions{}.timeout) options.timeout = kPatience;
  std::string refused;
  if (options.on_body) {
    options.on_body = [&refused, take = std::move(options.on_body)](
                          const http::ClientResponse& head, std::string_view piece) {
      if (head.status < kFirstError) return take(head, piece);
      refused += piece;
      return true;
    };
  }
  Result<http::ClientResponse> response = Fail(Errc::kInternal, "nobody was asked");
  if (is_remote()) {
    auto from = remote();
    if (!from) return std::unexpected(from.error());
    response = tls::FetchBlocking(std::move(*from), std::move(request), std::move(options));
  } else if (auto here = CheckLocal(); !here) {
    return std::unexpected(std::move(here).error());
  } else {
    response = http::FetchBlocking(http::UnixEndpoint{api_socket().string()}, std::move(request),
                                   std::move(options));
  }
  if (!response) {
    no_server = response.error().code == Errc::kUnavailable;
    return Wrap(response.error(), "ask stratad");
  }
  if (response->body.empty()) response->body = std::move(refused);
  const bool answered = response->header(kAnsweredBy) || EndOfGuest(*response);
  if (response->status < kFirstError || answered) return response;
  return std::unexpected(RefusalIn(*response));
}

Result<Json> Session::AskJson(const std::string& method, const std::string& target) {
  http::ClientRequest request;
  request.method = method;
  request.target = target;
  return JsonOf(Ask(std::move(request)));
}

Result<Json> Session::AskJson(const std::string& method, const std::string& target,
                              const Json& body) {
  http::ClientRequest request;
  request.method = method;
  request.target = target;
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = DumpJson(body);
  return JsonOf(Ask(std::move(request)));
}

Result<const Cluster*> Session::OpenCluster() {
  if (!cluster_) {
    auto opened = Cluster::Open(kubeconfig, context);
    if (!opened) return std::unexpected(std::move(opened).error());
    cluster_ = std::move(*opened);
    if (!tenant_is_said) tenant = cluster_->space();
  }
  return &*cluster_;
}

Error Session::OfCluster(Error error) {
  no_server = error.code == Errc::kUnavailable;
  if (error.message.find("could not find the requested resource") != std::string::npos) {
    error.message += "; is Strata installed there? (its Helm chart, or 'strata crds')";
  }
  error.message = "ask the cluster: " + error.message;
  return error;
}

Result<Json> Session::GetResource(std::string_view plural, std::string_view name) {
  if (!kube) return AskJson("GET", ResourcePath(tenant, plural, name));
  auto cluster = OpenCluster();
  if (!cluster) return std::unexpected(std::move(cluster).error());
  auto found = (*cluster)->Get(tenant, plural, name);
  if (!found) return std::unexpected(OfCluster(std::move(found).error()));
  if (found->contains("metadata")) found->at("metadata").erase("managedFields");
  return found;
}

Result<Json> Session::ListResources(std::string_view kind, Where where) {
  if (!kube) {
    std::string target = "/v1/resources";
    char mark = '?';
    const auto narrow = [&](std::string_view by, std::string_view to) {
      target += std::exchange(mark, '&') + std::string(by) + "=" + PercentEncode(to);
    };
    if (where == Where::kHere) narrow("namespace", tenant);
    if (!kind.empty()) narrow("kind", kind);
    return AskJson("GET", target);
  }
  auto cluster = OpenCluster();
  if (!cluster) return std::unexpected(std::move(cluster).error());
  Json all = Json::array();
  for (const model::Kind each :
       {model::Kind::kFunction, model::Kind::kService, model::Kind::kRoute}) {
    if (!kind.empty() && kind != model::KindName(each)) continue;
    const std::string_view space = where == Where::kHere ? std::string_view(tenant) : "";
    auto list = (*cluster)->List(space, model::PluralName(each));
    if (!list) return std::unexpected(OfCluster(std::move(list).error()));
    for (Json& item : *list) {
      if (item.contains("metadata")) item.at("metadata").erase("managedFields");
      all.push_back(std::move(item));
    }
  }
  return Json{{"items", std::move(all)}};
}

void Session::Report(const Error& error) {
  PrintError(error.message);
  exit_code = no_server ? static_cast<int>(kNoServer) : ExitCodeOf(error.code);
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return encoded;
}

std::string ResourcePath(std::string_view tenant, std::string_view plural, std::string_view name) {
  return "/v1/namespaces/" + PercentEncode(tenant) + "/" + std::string(plural) + "/" +
         PercentEncode(name);
}

}  // namespace strata::cli
