// strata-activator - stands in front of the Services of a Kubernetes cluster whose replicas follow
// their load. This file reads the command line; what it does is in src/kube/activator.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/redirect_error.hpp>

#include "apps/cluster_flags.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "host/process/file_limit.h"
#include "http/server/listener.h"
#include "http/server/server.h"
#include "kube/activation.h"
#include "kube/activator/activator.h"
#include "kube/controller/api_client.h"
#include "telemetry/log.h"

namespace {

namespace activator = strata::kube::activator;
namespace controller = strata::kube::controller;
using strata::Awaitable;
using strata::Loop;

constexpr std::chrono::seconds kDrain{30};

constexpr const char* kAbout =
    R"(Hands on the requests of the Services whose replicas follow their load, and holds those that come while a Service has
none. It only reads the cluster; strata-operator asks it how many requests there are, and does the rest. In a pod it
finds the API server by itself; elsewhere say --server and --ca, and who it is: --certificate and --key, or --token.)";

// Until SIGTERM; then what is here is answered.
Awaitable<void> Finish(Loop& loop, const strata::Clock& clock, activator::Activator& all,
                       strata::telemetry::Logger log) {
  strata::asio::basic_signal_set<strata::Executor> signals(loop.get_executor(), SIGTERM, SIGINT);
  boost::system::error_code failed;
  co_await signals.async_wait(strata::asio::redirect_error(strata::kAwait, failed));
  log.Info("draining");
  co_await all.Drain(clock.Now() + kDrain);
  loop.stop();
}

// Where the operator and kubelet ask, at each of `hosts`.
strata::Result<std::vector<strata::Fd>> Listen(const std::vector<std::string>& hosts) {
  std::vector<strata::Fd> listeners;
  for (const std::string& host : hosts) {
    auto listener = strata::http::ListenTcp({host, strata::kube::kDemandPort});
    if (!listener) return std::unexpected(std::move(listener).error());
    listeners.push_back(*std::move(listener));
  }
  return listeners;
}

int Run(const strata::ClusterFlags& flags, const std::vector<std::string>& hosts,
        const std::string& space) {
  // One for each Service's port, and two for each request.
  strata::host::RaiseFileLimit();
  auto access = controller::AccessTo(flags.server, flags.files, flags.token);
  auto listeners = Listen(hosts);
  if (!access || !listeners) {
    const auto& error = access ? listeners.error() : access.error();
    std::fprintf(stderr, "strata-activator: %s\n", error.message.c_str());
    return strata::kUsageError;
  }
  strata::SystemClock clock;
  strata::SystemRandom random;
  auto log = strata::telemetry::Logger::Open({}, clock);
  if (!log) return 1;
  Loop loop(1);
  controller::ApiClient client(loop, *std::move(access));
  activator::Activator all(loop, client, clock, *log,
                           {.hosts = hosts,
                            .instance = strata::NewId(clock, random),
                            .reader = "system:serviceaccount:" + space + ":strata-operator"});
  strata::http::Server server(loop, strata::http::ServerConfig{}, all, clock);
  for (strata::Fd& listener : *listeners) {
    if (auto adopted = server.Adopt(std::move(listener)); !adopted) {
      std::fprintf(stderr, "strata-activator: %s\n", adopted.error().message.c_str());
      return 1;
    }
  }
  strata::Spawn(loop, all.Run());
  strata::Spawn(loop, Finish(loop, clock, all, *log));
  loop.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  strata::ClusterProgram program(kAbout, "strata-activator");
  std::vector<std::string> listen;
  program.app()
      .add_option("--listen", listen,
                  "numeric address that requests come to; may be repeated. Without it all of the "
                  "machine's, of IPv4 and of IPv6, where it has them")
      ->allow_extra_args(false);
  std::string space = "strata-system";
  program.app()
      .add_option("--namespace", space,
                  "where strata-operator is, which may ask how much there is to do")
      ->capture_default_str();
  return program.Run(argc, argv, [&](const strata::ClusterFlags& flags) {
    return Run(flags, listen.empty() ? activator::AllHosts() : listen, space);
  });
}
