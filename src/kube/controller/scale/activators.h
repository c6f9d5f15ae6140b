// kube/controller/scale/activators.h - the activators of a cluster: where they are, and what they
// say again and again of how much there is to do.
//
//   EndpointSlices of the Service strata-activator --> [ Activators ] <--GET /v1/demand-- each
//                                                            \--DemandReport--> scaling.h
//
// Each is asked for as long as it is there, also one that is about to end and gets no new requests:
// it may still have some. One that does not answer is asked again after a pause that grows, and
// none more often than twenty times a second, however much happens there.
//
// Threads: on the loop. Lifetime: loop and client outlive it; it outlives Run, which ends with the
// loop. Errors: none: what cannot be read is logged. Tested by activators_test.cc and
// tests/kube/scale_test.py.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/async/task.h"
#include "kube/activator/demand.h"
#include "kube/controller/api_client.h"
#include "kube/controller/mirror.h"
#include "telemetry/log.h"

namespace strata::kube::controller {

class Activators {
 public:
  using OnReport =
      std::function<void(const std::string& address, const activator::DemandReport& report)>;

  struct Settings {
    std::string space;            // the namespace that they are in
    std::filesystem::path token;  // who we are to them; read each time, as Kubernetes replaces it
  };
  // `on_change`: there are others now, or others ready.
  Activators(Loop& loop, ApiClient& client, Settings settings, telemetry::Logger log,
             OnReport on_report, std::function<void()> on_change);

  // Never ends.
  Awaitable<void> Run() { return mirror_.Run(); }

  [[nodiscard]] bool synced() const noexcept { return mirror_.synced(); }

  // The addresses that requests may go to, all of one family.
  [[nodiscard]] std::vector<std::string> ready() const;
  // And of all that there are.
  [[nodiscard]] const std::set<std::string>& there() const noexcept { return there_; }

 private:
  void Changed();
  Awaitable<void> Ask(std::string address);
  Task<activator::DemandReport> AskOnce(const std::string& address, std::uint64_t seen);

  Loop& loop_;
  const Settings settings_;
  telemetry::Logger log_;
  OnReport on_report_;
  std::function<void()> on_change_;
  Mirror mirror_;
  std::set<std::string> there_;
  std::set<std::string> asked_;  // that a coroutine asks
};

}  // namespace strata::kube::controller
