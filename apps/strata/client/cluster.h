// apps/strata/client/cluster.h - what is deployed in a Kubernetes cluster, read from its API
// server: for --kube.
//
//   kubeconfig, or a pod's service account --> [ Cluster ] --kube/controller/api_client.h--> API
//   server
//
// It reads, and never writes: that is kubectl's, and what the operator makes of it is there for
// everybody. Who asks needs the right to get and list our kinds, nothing else.
//
// Threads:  one; its calls block. Lifetime: what a kubeconfig has in it (a key, a token) lies in
// files without a name until the last Cluster is gone. Errors: kubeconfig.h's and api_client.h's.
// Tested by tests/kube/cluster_test.py.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/files/fd.h"
#include "base/result.h"
#include "base/text/json.h"
#include "kube/controller/api_client.h"

namespace strata::cli {

class Cluster {
 public:
  // `file`: empty is KUBECONFIG's, ~/.kube/config, or in a pod without either its service account.
  // `context`: empty is the file's current one.
  static Result<Cluster> Open(const std::string& file, const std::string& context);

  // The namespace that is meant where none is said.
  [[nodiscard]] const std::string& space() const noexcept { return space_; }

  // One of ours. `plural`: "services".
  Result<Json> Get(std::string_view space, std::string_view plural, std::string_view name) const;

  // All of one kind, in one namespace or, where `space` is empty, in all.
  Result<std::vector<Json>> List(std::string_view space, std::string_view plural) const;

 private:
  kube::controller::ClusterAccess access_;
  std::string space_;
  std::vector<std::shared_ptr<const Fd>> kept_;
};

}  // namespace strata::cli
