// strata-operator - makes a Kubernetes cluster as our manifests in it say. This file reads the
// command line; what it does is in src/kube/controller.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

#include "apps/cluster_flags.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "kube/controller/api_client.h"
#include "kube/controller/controller.h"
#include "kube/controller/lease.h"
#include "telemetry/log.h"

namespace {

namespace controller = strata::kube::controller;
using strata::Awaitable;
using strata::Loop;

// Where the pod has it (deploy/kubernetes/plain/operator.yaml).
constexpr const char* kActivatorToken = "/var/run/secrets/strata.dev/activator/token";

constexpr const char* kAbout =
    R"(Makes a Kubernetes cluster as our manifests in it say: a Deployment, a Service and a NetworkPolicy for each
Service and each Function, in the RuntimeClass that the scheduler's rules choose, and an Ingress for each Route and for
triggers. In a pod it finds the API server by itself; elsewhere say --server and --ca, and who it is: --certificate and
--key, or --token.)";

// Acts while it holds the lease. One that has lost it ends, and is started again: nothing of what
// it has begun may go on.
Awaitable<void> Act(Loop& loop, controller::LeaseHolder& lease, controller::Controller& controller,
                    strata::telemetry::Logger log) {
  co_await lease.Acquire();
  log.Info("acting");
  strata::Spawn(loop, controller.Run());
  co_await lease.Keep();
  log.Warn("the lease was lost");
  loop.stop();
}

int Run(const strata::ClusterFlags& flags, const controller::Activators::Settings& activators) {
  auto access = controller::AccessTo(flags.server, flags.files, flags.token);
  if (!access) {
    std::fprintf(stderr, "strata-operator: %s\n", access.error().message.c_str());
    return strata::kUsageError;
  }
  const strata::SystemClock clock;
  auto log = strata::telemetry::Logger::Open({}, clock);
  if (!log) return 1;
  Loop loop(1);
  controller::ApiClient client(loop, std::move(*access));
  std::string host(256, '\0');
  if (::gethostname(host.data(), host.size() - 1) != 0) host = "unknown";
  host.resize(host.find('\0'));
  controller::LeaseHolder lease(
      loop, client, clock,
      "/apis/coordination.k8s.io/v1/namespaces/" + activators.space + "/leases/strata-operator",
      host + "-" + std::to_string(::getpid()), *log);
  controller::Controller controller(loop, client, clock, *log, activators);
  strata::Spawn(loop, Act(loop, lease, controller, *log));
  loop.run();
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  strata::ClusterProgram program(kAbout, "strata-operator");
  controller::Activators::Settings activators{.space = "strata-system", .token = kActivatorToken};
  program.app()
      .add_option("--namespace", activators.space, "where the lease and the activators are")
      ->capture_default_str();
  program.app()
      .add_option("--activator-token", activators.token,
                  "file with a token of ours for the activators")
      ->capture_default_str();
  return program.Run(argc, argv,
                     [&](const strata::ClusterFlags& flags) { return Run(flags, activators); });
}
