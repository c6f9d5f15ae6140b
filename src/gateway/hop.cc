#include "gateway/hop.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/async/pause.h"
#include "route/answer/answer.h"
#include "route/plan/function.h"

namespace strata::gateway {
namespace {

// A cell that is killed closes its connections some milliseconds before, or after, the line that
// new ones come over: until it is known which cells are left, a request is tried again. The pauses
// double, to 255 ms in all.
constexpr int kTries = 10;
constexpr int kTriesAtOnce = 2;
constexpr std::chrono::milliseconds kFirstPause{1};
constexpr std::chrono::milliseconds kTick{20};
// The cell itself ends a call at its deadline; one that has not by then does not run any more.
constexpr std::chrono::seconds kGrace{2};

http::Problem TryAgain(const char* slug, const char* detail) {
  http::Problem problem = http::ProblemOf(503, slug, detail);
  problem.retry_after = std::chrono::seconds(1);
  return problem;
}

http::Problem ProblemForBody(const Error& error) {
  if (error.code == Errc::kResourceExhausted) {
    return *route::ProblemForExit({model::ExitReason::kLimit, 0, "request", {}});
  }
  const bool slow = error.code == Errc::kDeadlineExceeded;
  return *route::ProblemForExit(
      {model::ExitReason::kStopped, 0, slow ? "client too slow" : "client: " + error.message, {}});
}

// Of a call that ended before its answer began, and not for want of a cell.
http::Problem ProblemForEnd(HopFate fate, const HopCall& call) {
  if (fate == HopFate::kBadBody) return ProblemForBody(*call.body_error());
  return http::ProblemOf(504, "deadline", "the function took too long");
}

// One of the calls under way, for as long as it lives.
class Listed {
 public:
  Listed(std::vector<HopCall*>& calls, HopCall& call) : calls_(calls), call_(call) {
    calls_.push_back(&call_);
  }
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;
  ~Listed() {
    // The oldest end first, mostly.
    const auto place = std::ranges::find(calls_, &call_);
    *place = calls_.back();
    calls_.pop_back();
  }

 private:
  std::vector<HopCall*>& calls_;
  HopCall& call_;
};

}  // namespace

Awaitable<std::optional<http::Problem>> Hop::HandOn(const route::FunctionSpec& function,
                                                    const route::Handed& handed,
                                                    http::Exchange& exchange,
                                                    http::ResponseSink& sink) {
  const TimePoint due = handed.start + function.limits.timeout;
  const http::RequestHead& head = exchange.head();
  for (int i = 0; i < kTries; ++i) {
    if (i >= kTriesAtOnce) co_await Pause(loop_, kFirstPause * (1 << (i - kTriesAtOnce)));
    auto lease = endpoints_.TryAcquire(function.tenant);
    if (!lease) {
      auto waited = co_await endpoints_.Acquire(function.tenant, function.priority, due);
      if (!waited && waited.error().code == Errc::kResourceExhausted) {
        co_return TryAgain(route::kTooBusy, "too many calls wait for the function's cells");
      }
      if (!waited) co_return route::ProblemForFailure(waited.error());
      lease.emplace(std::move(*waited));
    }
    const auto age =
        std::chrono::duration_cast<std::chrono::microseconds>(clock_.Now() - handed.start);
    const cell::HopField field{function.tenant, function.name, function.target, age,
                               handed.trace,    handed.parent, handed.led_by,   head.scheme,
                               head.peer};
    KeepTime();
    CloseBatchSoon();
    HopCall call(loop_, lease->connection(), exchange, sink, due + kGrace);
    const Listed listed(calls_, call);
    const HopFate fate = co_await call.Run(field);
    if (call.reusable()) lease->Keep();
    switch (fate) {
      case HopFate::kAnswered:
        co_return std::nullopt;
      case HopFate::kUnprocessed:
        lease->Distrust();
        continue;
      case HopFate::kLeft:  // nobody is told, but it is written down
        co_return TryAgain("cell-lost", "the client left before the function's cell had its call");
      case HopFate::kLost:
        co_return http::ProblemOf(502, "cell-lost", "the function's cell ended during the call");
      case HopFate::kBadAnswer:
        co_return http::ProblemOf(502, "bad-answer", "the function's cell gave no valid answer");
      case HopFate::kBadBody:
      case HopFate::kTooLate: {
        http::Problem problem = ProblemForEnd(fate, call);
        if (lease->connection().untouched()) co_return problem;
        // The cell sees its client leave, and writes that down.
        co_await route::SendProblem(sink, std::move(problem));
        co_return std::nullopt;
      }
    }
  }
  co_return TryAgain("cell-lost", "the function's cells were ending");
}

void Hop::KeepTime() {
  if (std::exchange(ticking_, true)) return;
  endpoints_.deadlines().Advance(clock_.Now());
  Spawn(loop_, Tick());
}

// Requests that wait for others wait for no longer than the loop's round.
void Hop::CloseBatchSoon() {
  if (std::exchange(close_posted_, true)) return;
  asio::post(loop_, [this] {
    close_posted_ = false;
    endpoints_.batch().Close();
  });
}

// An idle front has no timer, so it wakes nobody.
Awaitable<void> Hop::Tick() {
  Timer timer(loop_.get_executor());
  boost::system::error_code ignored;
  do {
    timer.expires_after(kTick);
    co_await timer.async_wait(asio::redirect_error(kAwait, ignored));
    endpoints_.deadlines().Advance(clock_.Now());
    endpoints_.batch().Close();  // what found no room in a socket is tried again
    for (HopCall* call : calls_) call->CheckClient();
  } while (!calls_.empty());
  ticking_ = false;
}

}  // namespace strata::gateway
