// kube/controller/api_client.h - requests to a cluster's API server: over TLS, with a client's
// certificate or with the token of a pod's service account.
//
//   mirror.h, controller.h --> [ ApiClient ] --tls/client.h--> API server
//
// Each request has a connection of its own, on which a server whose machine has vanished is given
// up after half a minute, also in a watch, where silence is usual. Objects are changed by
// server-side apply only, under one field manager: what others own of them stays theirs.
//
// Threads: on the loop. Lifetime: the loop outlives it; it outlives its requests. Errors: of the
// connection as tls/client.h has them; of the server: kNotFound (404), kFailedPrecondition (409,
// 410), kPermissionDenied (401, 403), kInvalidArgument (400, 422), kUnavailable (others). Tested by
// api_client_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/async/task.h"
#include "base/text/json.h"
#include "http/client/client.h"
#include "kube/controller/watch_stream.h"
#include "tls/client.h"

namespace strata::kube::controller {

struct ClusterAccess {
  tls::Remote server;
  // Read again for each request: Kubernetes replaces it. Empty: the certificate says who we are.
  std::filesystem::path token;
};

// As a pod finds it: by KUBERNETES_SERVICE_HOST and _PORT, and what its service account mounts.
// kFailedPrecondition: this is no pod.
Result<ClusterAccess> AccessOfPod();

// The same, or, where there is one, `server` ("https://HOST:PORT") with these files.
Result<ClusterAccess> AccessTo(const std::string& server, const tls::Files& files,
                               const std::filesystem::path& token);

// A service account's token, in a file of Kubernetes'. Errors as ReadFile.
Result<std::string> ReadToken(const std::filesystem::path& file);

// What of an object is asked for: all of it, or who it is and its labels, without spec and status
// (PartialObjectMetadata).
enum class Form : std::uint8_t { kWhole, kMetadata };

// What becomes of fields that others had set to something else: they are taken over, or all is left
// as it is (kFailedPrecondition).
enum class Others : std::uint8_t { kTakeOver, kLeave };

// All objects of a list, each with the kind and version that the list says of them.
struct Objects {
  std::vector<Json> items;
  std::string version;  // from which a watch goes on
};

class ApiClient {
 public:
  ApiClient(Loop& loop, ClusterAccess access);

  // The object at `path`.
  Task<Json> Get(std::string path);

  // The list at `path`, asked for page by page.
  Task<Objects> List(std::string path, Form form = Form::kWhole);

  // Applies `object` at `path`: makes it, or changes it.
  Task<Json> Apply(std::string path, Json object, Others others = Others::kTakeOver);

  // Creates `object` in the list at `path`; what the server makes of it. For what is only answered,
  // and kept nowhere.
  Task<Json> Create(std::string path, Json object);

  // Merges `patch` into what is at `path`; with a resourceVersion in it only if it is that one.
  Task<Json> Merge(std::string path, Json patch);

  // What has that `uid` and is still of that `version`, with all that it owns, which goes first. No
  // error: it is not there, another one has its name by now, or it has changed, as a watch tells.
  Task<void> Delete(std::string path, std::string uid, std::string version);

  // Tells what happens to the objects at `path` after `version`, until the server ends it, which it
  // does after some minutes. Fails with WatchStream::Feed's errors, too.
  Task<void> Watch(std::string path, std::string version, std::function<void(WatchEvent)> on_event,
                   Form form = Form::kWhole);

 private:
  Task<http::ClientResponse> Send(http::ClientRequest request, http::FetchOptions options,
                                  const char* accept = kJson);
  Task<Json> Ask(http::ClientRequest request, const char* accept = kJson);
  Task<Json> Page(std::string path, std::string more, Form form, int most);

  static constexpr const char* kJson = "application/json";

  Loop& loop_;
  ClusterAccess access_;
};

}  // namespace strata::kube::controller
