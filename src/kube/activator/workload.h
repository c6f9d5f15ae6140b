// kube/activator/workload.h - what an activator serves, from what the API server has: Services
// whose requests go through it, each at a port of its own, and where their pods are.
//
//   Services, EndpointSlices --> [ Workloads, ReadyPods ] --> activator.h
//
// At which port a request comes says whose it is, and nothing that a client can write does. The
// port is the operator's choice, which nobody else may write: it stands in the Service's status. A
// port that two Services claim is served for neither.
//
// Threads: pure. Tested by workload_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text/json.h"
#include "http/server/listener.h"
#include "model/values.h"

namespace strata::kube::activator {

struct Workload {
  std::string uid;
  std::uint16_t port = 0;  // at which the activator listens for it
  model::Limits limits;    // of each request, and of how many there are at once
  std::size_t most_waiting = 0;
  friend bool operator==(const Workload&, const Workload&) = default;
};

// Nothing: the object is none that an activator serves, or not yet. What has a port is served, also
// where its replicas no longer follow its load: the port goes when nobody is led there any more.
// Where its manifest cannot be read, as `before`, and where that is nothing by default limits.
std::optional<Workload> ReadWorkload(const Json& service,
                                     const std::optional<Workload>& before = {});

class Workloads {
 public:
  // What is there under that name ("shop/web") now.
  void Set(const std::string& key, std::optional<Workload> workload);

  // What is known of that name.
  [[nodiscard]] std::optional<Workload> Find(const std::string& key) const;

  // By name: those whose port nobody else claims.
  [[nodiscard]] std::map<std::string, Workload> Served() const;

 private:
  std::map<std::string, Workload> known_;
};

// The name of the workload whose pods are in an EndpointSlice of Kubernetes'; empty: of none.
std::string PodsOf(const Json& slice);

// Where those of them are that are ready and not about to end.
std::vector<http::TcpAddress> ReadyPods(const Json& slice);

}  // namespace strata::kube::activator
