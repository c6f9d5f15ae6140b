// strata-operator - makes a Kubernetes cluster as our manifests in it say. This file reads the
// command line; what it does is in src/kube/controller.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/redirect_error.hpp>

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

constexpr std::chrono::seconds kRelease{2};  // that the lease may take to be given up

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

// Until SIGTERM, which does not end a pod's process 1 by itself.
Awaitable<void> WaitForEnd(Loop& loop, bool& told) {
  strata::asio::basic_signal_set<strata::Executor> signals(loop.get_executor(), SIGTERM, SIGINT);
  boost::system::error_code failed;
  co_await signals.async_wait(strata::asio::redirect_error(strata::kAwait, failed));
  told = true;
  loop.stop();
}

Awaitable<void> Release(controller::LeaseHolder& lease, strata::telemetry::Logger log) {
  auto released = co_await lease.Release();
  if (!released) log.Warn("the lease is not given up", {{"error", released.error().message}});
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
  std::string host(256, '\0');
  if (::gethostname(host.data(), host.size() - 1) != 0) host = "unknown";
  host.resize(host.find('\0'));
  const std::string identity = host + "-" + std::to_string(::getpid());
  const std::string path =
      "/apis/coordination.k8s.io/v1/namespaces/" + activators.space + "/leases/strata-operator";

  bool told = false;
  Loop loop(1);
  controller::ApiClient client(loop, *access);
  controller::LeaseHolder lease(loop, client, clock, path, identity, *log);
  controller::Controller controller(loop, client, clock, *log, activators);
  strata::Spawn(loop, Act(loop, lease, controller, *log));
  strata::Spawn(loop, WaitForEnd(loop, told));
  loop.run();
  if (!told) return 1;

  // On a loop of its own: nothing of what was begun goes on while another may begin.
  log->Info("ending");
  Loop last(1);
  controller::ApiClient last_client(last, *std::move(access));
  controller::LeaseHolder held(last, last_client, clock, path, identity, *log);
  strata::Spawn(last, Release(held, *log));
  last.run_for(kRelease);
  return 0;
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
