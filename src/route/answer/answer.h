// route/answer/answer.h - the answer as the request path sees it: the sink that a guest writes to,
// watched, and what a client is told when the guest gave none.
//
//   guest --> AnswerSink --> ResponseSink of the exchange
//   Exit, Error --> ProblemForExit, ProblemForFailure --> SendProblem   (after a head: Abort)
//
// Threads:  the loop's. Lifetime: an AnswerSink lives on its call; the sink behind it outlives it.
// Errors:   those of exchange.h, passed on. Tested by answer_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "http/exchange.h"
#include "http/problem.h"
#include "model/values.h"

namespace strata::route {

// Durations that Server-Timing shows, in the order of a call. `write` is not among them: a field
// leaves before the body does.
struct StageTimes {
  Duration queue{0};
  Duration instantiate{0};
  Duration run{0};  // until the head: all of it for guests that answer at their end
};

// "queue;dur=0.012, instantiate;dur=0.034, run;dur=1.250" (milliseconds).
std::string FormatServerTiming(const StageTimes& times);

// Of an answer that a guest gave to a call through the API, which has to tell it from the
// platform's refusals: guests answer with problem+json, too. No guest can take it away.
inline constexpr const char* kAnsweredBy = "Strata-Answered-By";

// Passes everything on; remembers the status, and adds Server-Timing when it has a clock for it.
class AnswerSink final : public http::ResponseSink {
 public:
  explicit AnswerSink(http::ResponseSink& sink) : sink_(sink) {}

  // From now on Head() adds Server-Timing with what `times` says then.
  void ShowTimes(std::function<StageTimes()> times) { times_ = std::move(times); }

  // Whether Head() adds kAnsweredBy from now on.
  void NameGuest(bool named) { names_guest_ = named; }

  Result<void> Head(http::ResponseHead head) override;
  Result<std::size_t> TryWrite(std::span<const std::byte> from) override {
    return sink_.TryWrite(from);
  }
  Task<void> Writable() override { return sink_.Writable(); }
  [[nodiscard]] bool head_sent() const noexcept override { return sink_.head_sent(); }
  void Abort() noexcept override { sink_.Abort(); }

  [[nodiscard]] std::uint16_t status() const noexcept { return status_; }  // 0: no head yet

 private:
  http::ResponseSink& sink_;
  std::function<StageTimes()> times_;
  std::uint16_t status_ = 0;
  bool names_guest_ = false;
};

// What to answer for a call that ended without a head; nothing when nobody is left to be told.
//
//   kReturned             502 guest-no-answer      the guest ended without a word
//   kLimit                502 limit-<name>         "cpu_time", "memory", "response", ...
//   kLimit "request"      413 limit-request
//   kViolation            502 guest-failed         the reason is in the function's log
//   kStopped "deadline"   504 deadline
//   kStopped "stopped"    503 sandbox-stopped      with Retry-After
//   kStopped otherwise    the client: 408 too slow, 400 broken body, nothing when it is gone
std::optional<http::Problem> ProblemForExit(const model::Exit& exit);

// The driver could not run the call at all: 503 with Retry-After (no slot left, none free before
// the call's deadline, its sandbox cannot be reached) or 500.
http::Problem ProblemForFailure(const Error& error);

// The slug of a 503 to a call that was not let wait for the function's cells: so many do already.
inline constexpr const char* kTooBusy = "too-busy";

// Sends `problem` as the whole answer, with `Allow` unless that is empty. Ends early when the
// client is gone.
Awaitable<void> SendProblem(http::ResponseSink& sink, http::Problem problem,
                            std::string allow = {});

}  // namespace strata::route
