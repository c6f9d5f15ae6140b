// api/server.h - the manager's API over HTTP: REST/JSON as src/api/openapi.json says, watch streams
// as server-sent events, logs as JSON lines.
//
//   strata, scripts --> http::Server --> [ ApiServer ] --> manager::Manager
//
// Who may ask is decided before a request comes here: the Unix socket has mode 0600, so its clients
// are the owner of STRATA_HOME; tls::Listener lets in who has a certificate. All may do everything.
//
// Threads: the manager's loop, and two threads for what the advisor computes. Lifetime: the manager
// outlives it. Tested by tests/e2e/api_test.py and, against the document, by openapi_test.py there.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "api/context.h"
#include "api/router.h"
#include "http/exchange.h"
#include "manager/manager.h"

namespace strata::api {

struct AdvisorOperation;

// The OpenAPI 3.1 document.
std::string_view OpenApiDocument() noexcept;

class ApiServer final : public http::Handler {
 public:
  // `down` is called once, after POST /v1/down was answered.
  // `listen` is the HTTPS address to tell in the status, "" when there is none.
  ApiServer(Loop& loop, manager::Manager& manager, std::function<void()> down, std::string listen);

  Awaitable<void> Handle(http::Exchange& exchange) override;

 private:
  using Member = Awaitable<void> (ApiServer::*)(Context& context);

  void Add(std::string_view method, std::string_view pattern, Member member);

  // operations.cc
  Awaitable<void> Health(Context& context);
  Awaitable<void> Metrics(Context& context);
  Awaitable<void> OpenApi(Context& context);
  Awaitable<void> Status(Context& context);
  Awaitable<void> Probe(Context& context);
  Awaitable<void> Top(Context& context);
  Awaitable<void> Cost(Context& context);
  Awaitable<void> GetModels(Context& context);
  Awaitable<void> GetMeasurements(Context& context);
  Awaitable<void> PutMeasurements(Context& context);
  Awaitable<void> Down(Context& context);
  // apply.cc
  Awaitable<void> Apply(Context& context);
  // rollouts.cc
  Awaitable<void> StartRollout(Context& context);
  Awaitable<void> GetRollout(Context& context);
  Awaitable<void> EndRollout(Context& context);
  // resources.cc
  Awaitable<void> ListResources(Context& context);
  Awaitable<void> GetResource(Context& context);
  Awaitable<void> DeleteResource(Context& context);
  Awaitable<void> Watch(Context& context);
  // calls.cc
  Awaitable<void> Logs(Context& context);
  // exec.cc
  Awaitable<void> Exec(Context& context);
  // services.cc
  Awaitable<void> Pause(Context& context);
  Awaitable<void> Resume(Context& context);
  Awaitable<void> SetPaused(Context& context, bool paused);
  // snapshots.cc
  Awaitable<void> ServiceSandboxes(Context& context);
  Awaitable<void> SaveSnapshot(Context& context);
  Awaitable<void> DropSnapshot(Context& context);
  Awaitable<void> RestoreSnapshot(Context& context);
  Awaitable<void> ForkSandbox(Context& context);
  Awaitable<void> EndFork(Context& context);
  Awaitable<void> InvokeFunction(Context& context);
  Awaitable<void> InvokeSandbox(Context& context);
  // sandboxes.cc
  Awaitable<void> ListSandboxes(Context& context);
  Awaitable<void> CreateSandboxes(Context& context);
  Awaitable<void> GetSandbox(Context& context);
  Awaitable<void> DeleteSandbox(Context& context);

  // volumes.cc
  Awaitable<void> ListVolumes(Context& context);
  Awaitable<void> GetVolume(Context& context);
  Awaitable<void> DeleteVolume(Context& context);

  // advisor.cc
  Awaitable<void> Advise(Context& context, const AdvisorOperation& operation);

  Loop& loop_;
  manager::Manager& manager_;
  std::function<void()> down_;
  std::string listen_;
  Router router_;
  std::vector<std::function<Awaitable<void>(Context& context)>> operations_;
  // Last: its work uses nothing of the others. Nobody who looks something up waits for who draws.
  struct Advising {
    std::size_t questions = 0;  // that wait or are answered
    asio::thread_pool thread{1};
  };
  Advising quick_advisor_;
  Advising slow_advisor_;
};

}  // namespace strata::api
