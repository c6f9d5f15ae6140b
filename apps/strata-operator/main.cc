// strata-operator - makes a Kubernetes cluster as our manifests in it say. This file reads the
// command line; what it does is in src/kube/controller.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

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

constexpr int kUsageError = 2;

constexpr const char* kAbout =
    R"(Makes a Kubernetes cluster as our manifests in it say: a Deployment, a Service and a NetworkPolicy for each
Service and each Function, in the RuntimeClass that the scheduler's rules choose, and an Ingress for each Route and for
triggers. In a pod it finds the API server by itself; elsewhere say --server and --ca, and who it is: --certificate and
--key, or --token.)";

struct Flags {
  std::string server;
  strata::tls::Files files;
  std::string token;
  std::string lease_namespace = "strata-system";
};

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

int Run(const Flags& flags) {
  auto access = controller::AccessTo(flags.server, flags.files, flags.token);
  if (!access) {
    std::fprintf(stderr, "strata-operator: %s\n", access.error().message.c_str());
    return kUsageError;
  }
  const strata::SystemClock clock;
  auto log = strata::telemetry::Logger::Open({}, clock);
  if (!log) return 1;
  Loop loop(1);
  controller::ApiClient client(loop, std::move(*access));
  std::string host(256, '\0');
  if (::gethostname(host.data(), host.size() - 1) != 0) host = "unknown";
  host.resize(host.find('\0'));
  controller::LeaseHolder lease(loop, client, clock,
                                "/apis/coordination.k8s.io/v1/namespaces/" + flags.lease_namespace +
                                    "/leases/strata-operator",
                                host + "-" + std::to_string(::getpid()), *log);
  controller::Controller controller(loop, client, clock, *log, flags.lease_namespace);
  strata::Spawn(loop, Act(loop, lease, controller, *log));
  loop.run();
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{kAbout, "strata-operator"};
  app.set_version_flag("--version", std::string("strata-operator ") + STRATA_VERSION);
  Flags flags;
  app.add_option("--server", flags.server, "API server, https://HOST:PORT");
  app.add_option("--ca", flags.files.ca, "who signs its certificate (PEM)");
  app.add_option("--certificate", flags.files.certificate, "our certificate (PEM)");
  app.add_option("--key", flags.files.key, "its key (PEM)");
  app.add_option("--token", flags.token, "file with a service account's token");
  app.add_option("--namespace", flags.lease_namespace, "where the lease and the activators are")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  }
  return Run(flags);
}
