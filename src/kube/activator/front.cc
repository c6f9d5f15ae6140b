#include "kube/activator/front.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/async/counted.h"
#include "base/async/pause.h"
#include "http/client/client.h"
#include "route/answer/answer.h"
#include "sandbox/driver.h"
#include "sandbox/remote/connection.h"
#include "sandbox/remote/forward.h"

namespace strata::kube::activator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kConnect{1'000};  // on a cluster's network
constexpr milliseconds kLook{100};       // whether a client that waits has left
constexpr milliseconds kQuiet{10};       // whether the last request has ended
constexpr seconds kAvoid{1};             // a pod that could not be reached, where there are others
constexpr seconds kRetryAfter{1};

milliseconds Until(TimePoint due, TimePoint now) {
  return std::max(std::chrono::ceil<milliseconds>(due - now), milliseconds(1));
}

http::Problem Unavailable(const char* slug, const char* detail) {
  http::Problem problem = http::ProblemOf(503, slug, detail);
  problem.retry_after = kRetryAfter;
  return problem;
}

http::Problem ProblemForWaiting(const Error& error) {
  return error.code == Errc::kResourceExhausted
             ? Unavailable(route::kTooBusy, "as many requests wait for a pod as may")
         : error.code == Errc::kUnavailable
             ? Unavailable("moving", "the service is not behind this activator any more")
             : Unavailable("no-pod-in-time", "no pod was ready in time");
}

}  // namespace

// A request that is here.
class Front::Using {
 public:
  explicit Using(const Front& front) : clock_(front.clock_), load_(front.load_) {
    load_->meter.Begin(clock_.Now());
  }
  ~Using() { load_->meter.End(clock_.Now()); }
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;

 private:
  const Clock& clock_;
  const std::shared_ptr<Load> load_;
};

Front::Front(Loop& loop, const Clock& clock, Workload workload, std::function<void()> on_wanted)
    : loop_(loop),
      clock_(clock),
      workload_(std::move(workload)),
      on_wanted_(std::move(on_wanted)),
      load_(std::make_shared<Load>(Load{.meter = Meter(clock.Now())})),
      changed_(loop) {}

WorkloadDemand Front::demand() const {
  const TimePoint now = clock_.Now();
  return {.uid = workload_.uid,
          .running = load_->meter.running(),
          .waiting = load_->waiting,
          .busy = load_->meter.busy(now),
          .idle = load_->meter.idle(now)};
}

void Front::Close() {
  closed_ = true;
  changed_.Notify();
}

Awaitable<void> Front::Quiet() {
  while (load_->meter.running() > 0) co_await Pause(loop_, kQuiet);
}

void Front::SetPods(const std::vector<http::TcpAddress>& ready) {
  std::vector<std::shared_ptr<Pod>> before = pods_;
  before.insert(before.end(), left_.begin(), left_.end());
  std::vector<std::shared_ptr<Pod>> pods;
  pods.reserve(ready.size());
  for (const http::TcpAddress& address : ready) {
    const auto known = std::ranges::find_if(before, [&address](const auto& pod) {
      return pod->address.host == address.host && pod->address.port == address.port;
    });
    pods.push_back(known != before.end() ? *known : std::make_shared<Pod>(Pod{.address = address}));
  }
  left_.clear();
  for (const auto& pod : before) {
    if (pod->running > 0 && std::ranges::find(pods, pod) == pods.end()) left_.push_back(pod);
  }
  pods_ = std::move(pods);
  changed_.Notify();
}

Awaitable<void> Front::Handle(http::Exchange& exchange) {
  auto problem = co_await Serve(exchange);
  if (problem) co_await route::SendProblem(exchange.sink(), *std::move(problem));
}

Awaitable<std::optional<http::Problem>> Front::Serve(http::Exchange& exchange) {
  const sandbox::Spec spec{.id = "activator", .limits = workload_.limits};
  if (IsFull()) {
    co_return http::ProblemOf(429, "too-many-calls", "each pod is at the concurrency limit");
  }
  if (!exchange.LimitBody(spec.limits.request)) {
    const model::Exit too_long{.reason = model::ExitReason::kLimit, .detail = "request"};
    co_return route::ProblemForExit(too_long);
  }
  const TimePoint due = clock_.Now() + spec.limits.timeout;
  const Using here(*this);
  while (true) {
    auto obtained = co_await Obtain(exchange, due);
    if (!obtained) co_return ProblemForWaiting(obtained.error());
    const std::shared_ptr<Pod> pod = *std::move(obtained);
    if (!pod) co_return std::nullopt;
    auto handed = co_await HandTo(*pod, exchange, spec, due);
    if (load_->waiting > 0) changed_.NotifyOne();  // there is room at the pod
    if (handed) co_return *std::move(handed);
    pod->avoid_until = clock_.Now() + kAvoid;
  }
}

Task<std::optional<http::Problem>> Front::HandTo(Pod& pod, http::Exchange& exchange,
                                                 const sandbox::Spec& spec, TimePoint due) {
  const Counted one_more(pod.running);
  const auto patience = std::min(kConnect, Until(due, clock_.Now()));
  http::Endpoint endpoint = pod.address;
  auto client = co_await http::Client::Connect(loop_, std::move(endpoint), patience);
  auto socket = client ? std::move(*client).Release()
                       : Result<Fd>(std::unexpected(std::move(client).error()));
  if (!socket) co_return std::unexpected(std::move(socket).error());
  sandbox::remote::Connection connection(loop_, *std::move(socket));
  sandbox::Call call{.head = exchange.head(),
                     .body = exchange.body(),
                     .sink = exchange.sink(),
                     .deadline = due,
                     .trace = {},
                     .exchange = &exchange};
  sandbox::remote::Forward forward(loop_, clock_, connection, spec, call);
  const auto exit = co_await forward.Run();
  std::optional<http::Problem> problem;
  if (exit && exit->reason == model::ExitReason::kReturned) co_return problem;
  if (exchange.sink().head_sent()) {
    exchange.sink().Abort();
    co_return problem;
  }
  problem = exit ? route::ProblemForExit(*exit)
                 : http::ProblemOf(502, "pod-lost", "the pod closed before it answered");
  co_return problem;
}

Task<std::shared_ptr<Front::Pod>> Front::Obtain(http::Exchange& exchange, TimePoint due) {
  const auto load = load_;  // may outlive the Front
  std::optional<Counted<std::uint32_t>> waits;
  while (!exchange.client_gone()) {
    if (auto pod = Pick()) co_return pod;
    if (closed_) co_return Fail(Errc::kUnavailable, "it is closed");
    const TimePoint now = clock_.Now();
    if (now >= due) co_return Fail(Errc::kDeadlineExceeded, "no pod was ready in time");
    if (!waits) {
      if (load_->waiting >= workload_.most_waiting) {
        co_return Fail(Errc::kResourceExhausted, "too many requests wait");
      }
      waits.emplace(load->waiting);
      if (load_->waiting == 1) on_wanted_();
    }
    co_await changed_.Wait(std::min(kLook, Until(due, now)));
  }
  co_return std::shared_ptr<Pod>();
}

// Whether none of the pods that there are may have another request. Where there is none, one comes.
bool Front::IsFull() const {
  return !pods_.empty() &&
         std::ranges::none_of(pods_, [this](const auto& pod) { return HasRoom(*pod); });
}

bool Front::HasRoom(const Pod& pod) const { return pod.running < workload_.limits.concurrency; }

// The one with the fewest of our requests.
std::shared_ptr<Front::Pod> Front::Pick() const {
  std::shared_ptr<Pod> best;
  for (const auto& pod : pods_) {
    const bool may_have_it = HasRoom(*pod) && pod->avoid_until <= clock_.Now();
    if (may_have_it && (!best || pod->running < best->running)) best = pod;
  }
  return best;
}

}  // namespace strata::kube::activator
