// route/request_path.h - the way of a request: route, authorise, limit, sandbox, call, answer,
// record.
//
//   http::Server --> [ RequestPath::Handle ] --> Function --> sandbox --> answer --> RecordSink
//                                               (fronts) \-> Hop: a cell that does the same
//
// Nothing here compiles, reads files or asks another process. The first call of a function loads
// its image (a mapping); a full Service or a full ring makes a call wait, for a bounded time.
//
// Threads: one loop. Lifetime: outlives its calls; the ports outlive it. A call keeps the plan it
// began with. Errors: every failure becomes an answer (answer.h) and a record.
// Tested by request_path_test.cc, request_path_hops_test.cc against the fake driver.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "http/exchange.h"
#include "http/problem.h"
#include "meter/mirror_record.h"
#include "route/answer/mirror.h"
#include "route/instances.h"
#include "route/plan/plan.h"
#include "route/ports.h"

namespace strata::route {

class RequestPath final : public http::Handler {
 public:
  explicit RequestPath(const Ports& ports) : ports_(ports) {}
  RequestPath(const RequestPath&) = delete;
  RequestPath& operator=(const RequestPath&) = delete;

  // Requests from now on see `plan`; those under way finish on theirs.
  void SwitchTo(std::shared_ptr<const Plan> plan) noexcept { plan_ = std::move(plan); }
  [[nodiscard]] const std::shared_ptr<const Plan>& plan() const noexcept { return plan_; }

  // Answers by the route table.
  Awaitable<void> Handle(http::Exchange& exchange) override;

  // A call that names its function instead of coming by a route.
  struct Direct {
    std::shared_ptr<Function> function;
    // An addressable sandbox, called instead of a fresh one; null: none.
    std::shared_ptr<InstanceSet> sandbox;
    std::string_view target;       // what the guest sees: "/rest?query"
    std::string_view export_name;  // not empty: a typed call, its arguments are the body
  };
  // Views in `direct` borrow the exchange.
  Awaitable<void> HandleDirect(http::Exchange& exchange, Direct direct);

  // A request that a front hands on: it is served, and written down, as if it had come here when
  // the front got it.
  struct HandedOver {
    std::string_view tenant;
    std::string_view function;
    std::string_view target;  // of the function
    Handed call;
    std::string_view peer;                  // the client's
    std::string_view scheme;                // that the client used
    std::span<const http::Header> headers;  // the client's
  };
  // Views in `request` borrow the exchange.
  Awaitable<void> HandleHanded(http::Exchange& exchange, const HandedOver& request);

  // A new id for a sandbox, unique on this host: "<prefix>-<number>".
  [[nodiscard]] std::string NewSandboxId();

  [[nodiscard]] std::uint64_t requests() const noexcept { return requests_; }
  [[nodiscard]] std::uint64_t in_flight() const noexcept { return in_flight_; }

 private:
  struct CallState;

  CallState NewCall(const http::RequestHead& head);
  CallState Begin(const http::RequestHead& head);
  Awaitable<void> Serve(http::Exchange& exchange, CallState state);
  Awaitable<void> ServeMirrored(http::Exchange& exchange, CallState state, std::uint32_t mirror);
  Awaitable<void> RunMirror(std::shared_ptr<const Plan> plan, std::uint32_t mirror,
                            std::unique_ptr<RequestCopy> copy, AnswerSeen real);
  void NoteMirror(const Plan& plan, std::uint32_t mirror, meter::MirrorOutcome outcome);
  Awaitable<void> Refuse(http::Exchange& exchange, CallState state, http::Problem problem,
                         std::string allow = {});
  std::optional<http::Problem> Admit(http::Exchange& exchange, CallState& state);
  Awaitable<std::optional<http::Problem>> RunShared(http::Exchange& exchange, CallState& state,
                                                    http::ResponseSink& sink);
  std::optional<http::Problem> CreateFor(CallState& state, Instance& instance);
  Awaitable<std::optional<http::Problem>> Invoke(http::Exchange& exchange, CallState& state,
                                                 Instance& instance, http::ResponseSink& sink);
  Task<model::Exit> InvokeExport(http::Exchange& exchange, CallState& state, Instance& instance,
                                 http::ResponseSink& sink);
  Awaitable<void> Record(const CallState& state, std::uint16_t status);
  void EmitSpan(const CallState& state, std::uint16_t status);

  const Ports& ports_;
  std::shared_ptr<const Plan> plan_;
  std::string scratch_;  // for CanonicalPath; used between waits only
  std::uint64_t next_sandbox_ = 1;
  std::uint64_t requests_ = 0;
  std::uint64_t in_flight_ = 0;
  std::uint64_t mirroring_ = 0;  // copies that run
};

}  // namespace strata::route
