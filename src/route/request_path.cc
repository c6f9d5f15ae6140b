#include "route/request_path.h"

#include <chrono>
#include <cstring>

#include "base/async/counted.h"
#include "http/exchange_io.h"
#include "route/answer/answer.h"
#include "route/answer/record.h"
#include "route/answer/typed_call.h"
#include "route/plan/path.h"

namespace strata::route {
namespace {

constexpr std::uint64_t kPercent = 100;
constexpr std::uint16_t kTooMany = 429;

// Holds one of a function's concurrent calls.
class Occupied {
 public:
  Occupied(Function& function, meter::LedBy led_by)
      : function_(function),
        entered_(led_by == meter::LedBy::kCopy ? function.EnterCopy() : function.Enter()) {}
  Occupied(const Occupied&) = delete;
  Occupied& operator=(const Occupied&) = delete;
  ~Occupied() {
    if (entered_) function_.Leave();
  }
  [[nodiscard]] bool entered() const noexcept { return entered_; }

 private:
  Function& function_;
  const bool entered_;
};

std::uint64_t Nanoseconds(auto duration) {
  const auto count = std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
  return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

template <std::size_t kSize>
void CopyCut(char (&to)[kSize], std::string_view from) {
  from.copy(to, kSize);
}

// Points `head` at another target, which must outlive it.
void Retarget(http::RequestHead& head, std::string_view target) {
  const std::size_t question = target.find('?');
  head.target = target;
  head.path = target.substr(0, question);
  head.query = question == std::string_view::npos ? "" : target.substr(question + 1);
}

http::Problem NotServedNow() {
  http::Problem problem =
      http::ProblemOf(503, "not-served", "what this route leads to cannot be reached now");
  problem.retry_after = std::chrono::seconds(1);
  return problem;
}

// Who is told that nothing is there. What is refused for good invites nobody to come again.
http::Problem NotServed(const Rule& rule) {
  if (rule.refused) {
    return http::ProblemOf(503, "not-served",
                           "what this route leads to cannot run as it is deployed; its owner sees "
                           "why with 'strata explain' and has to change it");
  }
  return NotServedNow();
}

std::string_view TracestateOf(const http::RequestHead& head) {
  const auto field = http::FindHeader(head.headers, "tracestate");
  return field && telemetry::IsValidTracestate(*field) ? *field : std::string_view();
}

}  // namespace

// One call from its head to its record.
struct RequestPath::CallState : Stages {
  std::shared_ptr<const Plan> plan;      // null only before the first configuration
  std::shared_ptr<Function> function;    // null while no route matched
  std::shared_ptr<InstanceSet> sandbox;  // an addressable one; null: none
  std::shared_ptr<const model::Grants> grants;
  FunctionId id;
  http::RequestHead head;
  std::string_view export_name;  // of a typed call
  telemetry::TraceContext trace;
  telemetry::SpanId parent = {};
  meter::LedBy led_by = meter::LedBy::kTraffic;
  std::string_view tracestate;
  WallTime wall;
  std::optional<model::Exit> exit;  // none: no guest ran
  bool busy = false;                // as many waited for its cells as may
  bool asked_wrong = false;         // nor could it: the call was refused with the guest untouched
  bool cut_off = false;             // through no fault of the client, after its head
  bool lost = false;                // its sandbox, with the process that had it
  bool direct = false;              // through the API, which wants to know who answered

  [[nodiscard]] TimePoint deadline() const { return start + function->spec().limits.timeout; }
};

std::string RequestPath::NewSandboxId() {
  return ports_.sandbox_prefix + "-" + std::to_string(next_sandbox_++);
}

RequestPath::CallState RequestPath::NewCall(const http::RequestHead& head) {
  ++requests_;
  CallState state;
  state.plan = plan_;
  state.head = head;
  state.wall = ports_.clock.WallNow();
  state.start = ports_.clock.Now();
  state.created = state.ready = state.ended = state.start;
  if (plan_) state.id.generation = plan_->generation();
  return state;
}

RequestPath::CallState RequestPath::Begin(const http::RequestHead& head) {
  CallState state = NewCall(head);
  const auto field = http::FindHeader(head.headers, "traceparent");
  const auto parent = field ? telemetry::ParseTraceparent(*field) : std::nullopt;
  if (parent) {
    state.trace = telemetry::Child(*parent, ports_.random);
    state.parent = parent->span_id;
    state.tracestate = TracestateOf(head);
  } else {
    state.trace = telemetry::NewTrace(telemetry::Sampling::kDrop, ports_.random);
    const double ratio = plan_ ? plan_->observe().trace_ratio : 0.0;
    state.trace.sampling = telemetry::DecideSampling(state.trace.trace_id, ratio);
  }
  return state;
}

Awaitable<void> RequestPath::Handle(http::Exchange& exchange) {
  CallState state = Begin(exchange.head());
  const http::RequestHead& head = state.head;
  if (!plan_) {
    http::Problem problem = http::ProblemOf(503, "starting", "no configuration is here yet");
    problem.retry_after = std::chrono::seconds(1);
    return Refuse(exchange, std::move(state), std::move(problem));
  }
  const auto path = CanonicalPath(head.path, scratch_);
  if (!path) {
    return Refuse(exchange, std::move(state),
                  http::ProblemOf(400, "bad-path", path.error().message));
  }
  const Table::Match match = plan_->table().Find(head.host, *path, head.method, head.headers);
  if (match.kind == Table::Match::Kind::kNoRoute) {
    return Refuse(exchange, std::move(state),
                  http::ProblemOf(404, "no-route", "no route matches this host and path"));
  }
  if (match.kind == Table::Match::Kind::kWrongMethod) {
    std::string allow = plan_->table().Allow(head.host, *path, head.headers);
    return Refuse(exchange, std::move(state),
                  http::ProblemOf(405, "wrong-method", "the route does not take this method"),
                  std::move(allow));
  }
  if (match.rule->backends.empty()) {
    return Refuse(exchange, std::move(state), NotServed(*match.rule));
  }
  const auto draw = DrawByHeader(*match.rule, head.headers);
  const Backend& backend = PickBackend(
      *match.rule, draw ? *draw : static_cast<std::uint32_t>(ports_.random.Next() >> 32));
  state.id.index = backend.function;
  if (backend.named) state.led_by = meter::LedBy::kForm;
  state.function = plan_->functions()[state.id.index];
  const auto& mirror = match.rule->mirror;
  if (mirror && ports_.random.Next() % kPercent < mirror->percent) {
    return ServeMirrored(exchange, std::move(state), mirror->function);
  }
  return Serve(exchange, std::move(state));
}

Awaitable<void> RequestPath::HandleDirect(http::Exchange& exchange, Direct direct) {
  CallState state = Begin(exchange.head());
  Retarget(state.head, direct.target);
  state.export_name = direct.export_name;
  // An addressed sandbox stays where it is, wherever its workload's traffic goes.
  state.led_by = direct.sandbox ? meter::LedBy::kForm : meter::LedBy::kName;
  state.id = direct.function->id();
  state.function = std::move(direct.function);
  state.sandbox = std::move(direct.sandbox);
  state.direct = true;
  return Serve(exchange, std::move(state));
}

Awaitable<void> RequestPath::HandleHanded(http::Exchange& exchange, const HandedOver& request) {
  CallState state = NewCall(exchange.head());
  state.head.peer = request.peer;
  state.head.scheme = request.scheme;
  state.head.headers = request.headers;
  state.wall -= state.start - request.call.start;
  state.start = request.call.start;
  state.trace = request.call.trace;
  state.parent = request.call.parent;
  state.led_by = request.call.led_by;
  if (state.parent != telemetry::SpanId{}) state.tracestate = TracestateOf(state.head);
  if (plan_) state.id.index = plan_->IndexOf(request.tenant, request.function, request.target);
  // Traffic has moved on since the front drew this form: no request fails for that.
  if (plan_ && state.id.index == FunctionId::kNone) {
    state.id.index = plan_->IndexOf(request.tenant, request.function);
  }
  if (state.id.index == FunctionId::kNone) {
    // The front knows it, or it would have answered: a change has not come here yet, or cannot.
    return Refuse(exchange, std::move(state), NotServedNow());
  }
  state.function = plan_->functions()[state.id.index];
  return Serve(exchange, std::move(state));
}

Awaitable<void> RequestPath::ServeMirrored(http::Exchange& exchange, CallState state,
                                           std::uint32_t mirror) {
  const std::shared_ptr<const Plan> plan = state.plan;
  auto copy = std::make_unique<RequestCopy>(exchange.head());
  CopyingExchange copying(exchange, *copy);
  co_await Serve(copying, std::move(state));
  if (!copying.complete() || mirroring_ >= kMostMirrored) {
    NoteMirror(*plan, mirror, meter::MirrorOutcome::kSkipped);
    co_return;
  }
  Spawn(ports_.loop, RunMirror(plan, mirror, std::move(copy), copying.answer()));
}

Awaitable<void> RequestPath::RunMirror(std::shared_ptr<const Plan> plan, std::uint32_t mirror,
                                       std::unique_ptr<RequestCopy> copy, AnswerSeen real) {
  const Counted counted(mirroring_);
  ShadowExchange shadow(*copy);
  CallState state = Begin(copy->head());
  state.plan = plan;
  state.function = plan->functions()[mirror];
  state.id = {plan->generation(), mirror};
  state.led_by = meter::LedBy::kCopy;
  co_await Serve(shadow, std::move(state));
  auto outcome = meter::MirrorOutcome::kDifferent;
  if (shadow.answer() == real) {
    outcome = meter::MirrorOutcome::kSame;
  } else if (shadow.answer().status == kTooMany) {
    outcome = meter::MirrorOutcome::kSkipped;  // here, or where it was handed on to
  }
  NoteMirror(*plan, mirror, outcome);
}

void RequestPath::NoteMirror(const Plan& plan, std::uint32_t mirror, meter::MirrorOutcome outcome) {
  ports_.records.RecordMirror({plan.generation(), mirror, static_cast<std::uint32_t>(outcome)});
}

Awaitable<void> RequestPath::Refuse(http::Exchange& exchange, CallState state,
                                    http::Problem problem, std::string allow) {
  const Counted counted(in_flight_);
  AnswerSink sink(exchange.sink());
  co_await SendProblem(sink, std::move(problem), std::move(allow));
  state.ended = ports_.clock.Now();
  co_await Record(state, sink.status());
}

// Everything that can be refused before a sandbox is needed.
std::optional<http::Problem> RequestPath::Admit(http::Exchange& exchange, CallState& state) {
  const FunctionSpec& spec = state.function->spec();
  policy::Decision decision = ports_.authorizer.Decide({spec.tenant,
                                                        spec.name,
                                                        {},
                                                        state.head.method,
                                                        state.head.host,
                                                        state.head.path,
                                                        state.function->grants()});
  if (decision.verdict != policy::Verdict::kAllow) {
    return http::ProblemOf(403, "denied", "policy denies this request: " + decision.reason);
  }
  state.grants = std::move(decision.grants);
  const bool shared = spec.service || state.sandbox;
  if (shared && state.grants != state.function->grants() &&
      *state.grants != *state.function->grants()) {
    // The sandbox has its grants already: a narrower decision could not be enforced.
    return http::ProblemOf(403, "denied", "policy narrows the grants of a shared sandbox");
  }
  // A body without a length is measured where it is read.
  if (spec.elsewhere() && !state.head.content_length) return std::nullopt;
  if (!exchange.LimitBody(spec.limits.request)) {
    return ProblemForExit({model::ExitReason::kLimit, 0, "request", {}});
  }
  return std::nullopt;
}

Awaitable<void> RequestPath::Serve(http::Exchange& exchange, CallState state) {
  const Counted counted(in_flight_);
  AnswerSink sink(exchange.sink());
  if (state.plan && state.plan->observe().server_timing) {
    sink.ShowTimes([this, &state] {
      return StageTimes{state.created - state.start, state.ready - state.created,
                        ports_.clock.Now() - state.ready};
    });
  }
  const Occupied occupied(*state.function, state.led_by);
  std::optional<http::Problem> problem;
  if (!occupied.entered()) {
    problem =
        http::ProblemOf(kTooMany, "too-many-calls", "the function is at its concurrency limit");
    problem->retry_after = std::chrono::seconds(1);
  } else {
    problem = Admit(exchange, state);
  }
  if (!problem && state.function->spec().elsewhere()) {
    const Handed handed{state.start, state.trace, state.parent, state.led_by};
    problem = co_await ports_.hop->HandOn(state.function->spec(), handed, exchange, sink);
    if (!problem) co_return;
    state.busy = problem->slug == kTooBusy;
  } else if (!problem) {
    sink.NameGuest(state.direct);
    if (state.sandbox || state.function->spec().service) {
      problem = co_await RunShared(exchange, state, sink);
    } else {
      Instance instance(ports_.lines, NewSandboxId());
      problem = CreateFor(state, instance);
      if (!problem) problem = co_await Invoke(exchange, state, instance, sink);
    }
  }
  state.ended = ports_.clock.Now();
  if (problem && !sink.head_sent()) {
    sink.NameGuest(false);
    co_await SendProblem(sink, std::move(*problem));
  } else if (problem) {
    state.cut_off = problem->status >= 500;
    sink.Abort();
  }
  co_await Record(state, exchange.client_gone() ? 0 : sink.status());
}

std::optional<http::Problem> RequestPath::CreateFor(CallState& state, Instance& instance) {
  state.created = ports_.clock.Now();
  const auto made = state.function->Create(instance, state.grants);
  state.ready = ports_.clock.Now();
  if (made) return std::nullopt;
  instance.log.Begin(state.id, state.trace.trace_id);
  instance.log.Write(sandbox::Stream::kHost, made.error().message);
  instance.log.End();
  return ProblemForFailure(made.error());
}

// A call on a sandbox that outlives it: a Service's, or an addressable one.
Awaitable<std::optional<http::Problem>> RequestPath::RunShared(http::Exchange& exchange,
                                                               CallState& state,
                                                               http::ResponseSink& sink) {
  const std::shared_ptr<InstanceSet> addressed = state.sandbox;
  InstanceSet& set = addressed ? *addressed : state.function->service();
  auto lease = co_await set.Acquire(state.deadline() - ports_.clock.Now());
  if (!lease) co_return ProblemForFailure(lease.error());
  state.created = state.ready = ports_.clock.Now();
  if (!lease->instance) {
    if (addressed) co_return http::ProblemOf(410, "sandbox-gone", "the sandbox has ended");
    lease->instance = std::make_unique<Instance>(ports_.lines, NewSandboxId());
    if (auto problem = CreateFor(state, *lease->instance)) co_return problem;
  }
  auto problem = co_await Invoke(exchange, state, *lease->instance, sink);
  // A caller's mistake must not cost a sandbox its memory.
  const bool returned = state.exit && state.exit->reason == model::ExitReason::kReturned;
  if (returned || state.asked_wrong) lease->Keep();
  co_return problem;
}

// Runs the guest. Nothing: it ended well and answered; else what to tell the client.
Awaitable<std::optional<http::Problem>> RequestPath::Invoke(http::Exchange& exchange,
                                                            CallState& state, Instance& instance,
                                                            http::ResponseSink& sink) {
  instance.log.Begin(state.id, state.trace.trace_id);
  Result<model::Exit> exit;
  if (state.export_name.empty()) {
    sandbox::Call call{state.head,
                       exchange.body(),
                       sink,
                       state.deadline(),
                       {telemetry::FormatTraceparent(state.trace), std::string(state.tracestate)},
                       &exchange};
    exit = co_await instance.sandbox->Invoke(call);
  } else {
    exit = co_await InvokeExport(exchange, state, instance, sink);
  }
  const bool returned = exit && exit->reason == model::ExitReason::kReturned;
  state.lost = !returned && instance.sandbox->holder_lost();
  if (!exit) {
    instance.log.Write(sandbox::Stream::kHost, exit.error().message);
    instance.log.End();
    state.asked_wrong = exit.error().code == Errc::kInvalidArgument ||
                        exit.error().code == Errc::kNotFound ||
                        exit.error().code == Errc::kUnsupported;
    if (state.asked_wrong) co_return http::ProblemFor(exit.error());
    co_return ProblemForFailure(exit.error());
  }
  state.exit = std::move(*exit);
  if (!returned) {
    const std::string text = std::string(model::ExitReasonName(state.exit->reason)) + ": ";
    instance.log.Write(sandbox::Stream::kHost, text + state.exit->detail);
  }
  instance.log.End();
  if (returned && sink.head_sent()) co_return std::nullopt;
  auto problem = ProblemForExit(*state.exit);
  // Nobody is left to be told, but a half-sent answer must not look whole.
  if (!problem && sink.head_sent()) sink.Abort();
  co_return problem;
}

Task<model::Exit> RequestPath::InvokeExport(http::Exchange& exchange, CallState& state,
                                            Instance& instance, http::ResponseSink& sink) {
  auto body = co_await http::ReadAll(exchange, kArgumentsLimit);
  if (!body) co_return Fail(Errc::kInvalidArgument, "arguments: " + body.error().message);
  const auto exports = state.function->image()->exports();
  if (exports.empty()) {
    auto refused = co_await instance.sandbox->InvokeExport(state.export_name, {}, state.deadline());
    if (!refused) co_return std::unexpected(std::move(refused).error());
  }
  auto arguments = ParseArguments(*body, state.export_name, exports);
  if (!arguments) co_return std::unexpected(std::move(arguments).error());
  auto result =
      co_await instance.sandbox->InvokeExport(state.export_name, *arguments, state.deadline());
  if (!result) co_return std::unexpected(std::move(result).error());
  if (result->exit.reason == model::ExitReason::kReturned) {
    std::string text = FormatValues(result->values);
    // A client that does not take it all is gone; the call went well all the same.
    (void)co_await http::Answer(sink, 200, "application/json", std::move(text));
  }
  co_return std::move(result->exit);
}

Awaitable<void> RequestPath::Record(const CallState& state, std::uint16_t status) {
  if (!state.plan) co_return;
  if (state.trace.sampling == telemetry::Sampling::kRecord) EmitSpan(state, status);
  const ObserveSpec& observe = state.plan->observe();
  if (!observe.access_log && !observe.metering) co_return;

  const std::string_view sandbox_class =
      state.function ? std::string_view(state.function->spec().sandbox_class) : "";
  meter::CallRecord record = RecordOf(state, state.exit, sandbox_class);
  if (state.busy) record.sandbox = meter::SandboxCame::kBusy;
  record.wall_start_ns = Nanoseconds(state.wall.time_since_epoch());
  std::memcpy(record.trace_id, state.trace.trace_id.data(), sizeof(record.trace_id));
  std::memcpy(record.span_id, state.trace.span_id.data(), sizeof(record.span_id));
  record.revision = state.function ? state.id.index : meter::kNoRevision;
  record.generation = state.id.generation;
  record.status = status;
  record.led_by = state.led_by;
  record.cut_off = state.cut_off && status != 0 ? 1 : 0;
  record.lost = state.lost ? 1 : 0;
  record.sampled = state.trace.sampling == telemetry::Sampling::kRecord ? 1 : 0;
  CopyCut(record.method, state.head.method);
  CopyCut(record.path, state.head.path);
  if (!ports_.records.TryRecord(record)) co_await ports_.records.RecordLater(record);
}

void RequestPath::EmitSpan(const CallState& state, std::uint16_t status) {
  telemetry::Span span;
  span.context = state.trace;
  span.parent_id = state.parent;
  span.start_ns = Nanoseconds(state.wall.time_since_epoch());
  span.end_ns = span.start_ns + Nanoseconds(state.ended - state.start);
  span.attributes = {{"http.request.method", std::string(state.head.method)},
                     {"url.path", std::string(state.head.path)}};
  span.numbers = {{"http.response.status_code", status}};
  span.name = std::string(state.head.method);
  if (state.function) {
    const FunctionSpec& spec = state.function->spec();
    span.name += " " + spec.tenant + "/" + spec.name;
    span.attributes.emplace_back("strata.namespace", spec.tenant);
    span.attributes.emplace_back("strata.function", spec.name);
    span.attributes.emplace_back("strata.class", spec.sandbox_class);
    span.numbers.emplace_back("strata.revision", spec.revision);
    if (!spec.target.empty()) span.attributes.emplace_back("strata.target", spec.target);
  }
  if (state.exit && state.exit->reason != model::ExitReason::kReturned) {
    span.error = std::string(model::ExitReasonName(state.exit->reason)) + ": " + state.exit->detail;
  }
  ports_.records.RecordSpan(span);
}

}  // namespace strata::route
