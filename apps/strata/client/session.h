// apps/strata/client/session.h - what every verb shares: where the server is, how to print, and the
// one way to ask its API: over the Unix socket in its home or, with --api, over HTTPS with
// certificates. What is deployed can be read from a Kubernetes cluster instead (--kube).
//
//   main.cc (options) --> [ Session ] <-- verbs;  Ask --> http or tls client --> stratad
//                             +-- GetResource, ListResources --> the same, or cluster.h
//
// Every request is a connection of its own and waits five minutes at the most, unless FetchOptions
// say otherwise: compiling takes its time.
//
// Threads:  one; Ask and AskJson block. Lifetime: as long as main.
// Errors:   kUnavailable: no server (exit code 4), else what the server answered; a verb gives them
//           to Report and returns. Tested by tests/e2e.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "base/text/json.h"
#include "client/cluster.h"
#include "http/client/client.h"
#include "output.h"
#include "tls/client.h"
#include "tls/relay.h"

namespace strata::cli {

// STRATA_HOME, or ~/.local/state/strata; absolute.
std::filesystem::path DefaultHome();

struct Session {
  std::filesystem::path home = DefaultHome();
  std::string api;       // https://HOST:PORT of a server elsewhere; empty: the socket in `home`
  tls::Files api_files;  // how we prove to it who we are, and who must have signed its certificate
  std::string output = "table";
  std::string tenant = "default";
  bool tenant_is_said = false;
  int exit_code = 0;  // what the verb ends with

  bool kube = false;       // ask a cluster, which only GetResource and ListResources can
  std::string kubeconfig;  // a file, and a context in it; empty: as kubectl finds them
  std::string context;

  // The chosen format. kInvalidArgument: there is none of that name; the caller reports it.
  [[nodiscard]] Result<Format> format() const { return ParseFormat(output); }

  [[nodiscard]] std::filesystem::path api_socket() const { return home / "run" / "api.sock"; }

  // One of the options for a server elsewhere was given; whether they are complete says remote(),
  // with kInvalidArgument when they are not or when one is malformed.
  [[nodiscard]] bool is_remote() const;
  [[nodiscard]] Result<tls::Remote> remote() const;

  // Asks the API. A problem of its becomes an Error, no server kUnavailable, which sets
  // `no_server`. What a guest answered comes as it is, of 400 and above, too, and what is told of
  // one that gave no answer (guest_end.h): on_body gets none of those.
  Result<http::ClientResponse> Ask(http::ClientRequest request, http::FetchOptions options = {});
  // The answer's JSON; null: it has no body. kInvalidArgument: it is not JSON, or above 64 MiB.
  Result<Json> AskJson(const std::string& method, const std::string& target);
  Result<Json> AskJson(const std::string& method, const std::string& target, const Json& body);

  // One that is deployed ("services", "web"), in the tenant's namespace: as the server has it, or
  // as the cluster does. kNotFound: there is none.
  Result<Json> GetResource(std::string_view plural, std::string_view name);
  // {"items": [...]}: all, or those of one kind ("Service"); in the tenant's namespace, or in all.
  enum class Where : bool { kHere, kEverywhere };
  Result<Json> ListResources(std::string_view kind, Where where);

  // A connection to the API, for what is no single request. `relay`: over HTTPS, what broke there.
  struct Connection {
    Fd plain;
    std::string host;
    std::shared_ptr<const tls::Relay> relay;
  };
  Task<Connection> Connect(Loop& loop);

  // Prints `error` and sets the exit code.
  void Report(const Error& error);

  bool no_server = false;

 private:
  // kUnavailable: no server is here.
  Result<void> CheckLocal();
  // kUnsupported: there is a cluster instead of one.
  [[nodiscard]] Result<void> CheckServer() const;
  // Opened when it is first needed; the namespace is then the context's unless one was said.
  Result<const Cluster*> OpenCluster();
  Error OfCluster(Error error);

  std::optional<Cluster> cluster_;
};

// For a path or query of the API.
std::string PercentEncode(std::string_view text);

// Where the API has one that is deployed. `plural`: "services".
std::string ResourcePath(std::string_view tenant, std::string_view plural, std::string_view name);

}  // namespace strata::cli
