#include "route/answer/answer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/text/byte_view.h"
#include "http/exchange_io.h"

namespace strata::route {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};

double Milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

http::Problem LimitProblem(const std::string& limit) {
  if (limit == "request") {
    return http::ProblemOf(413, "limit-request", "the request body is over the function's limit");
  }
  std::string slug = "limit-" + limit;
  std::ranges::replace(slug, '_', '-');
  return http::ProblemOf(502, std::move(slug), "the function hit its limit '" + limit + "'");
}

std::optional<http::Problem> StoppedProblem(std::string_view detail) {
  if (detail == "deadline") return http::ProblemOf(504, "deadline", "the function took too long");
  if (detail == "client gone" || detail == "cancelled") return std::nullopt;
  if (detail == "client too slow") {
    return http::ProblemOf(408, "client-too-slow", "the request body came too slowly");
  }
  if (detail.starts_with("client")) {
    return http::ProblemOf(400, "bad-body", "the request body is malformed");
  }
  http::Problem problem = http::ProblemOf(503, "sandbox-stopped", "the sandbox was stopped");
  problem.retry_after = kRetryAfter;
  return problem;
}

}  // namespace

std::string FormatServerTiming(const StageTimes& times) {
  std::array<char, 128> text;
  const int size = std::snprintf(
      text.data(), text.size(), "queue;dur=%.3f, instantiate;dur=%.3f, run;dur=%.3f",
      Milliseconds(times.queue), Milliseconds(times.instantiate), Milliseconds(times.run));
  return {text.data(), static_cast<std::size_t>(size)};
}

Result<void> AnswerSink::Head(http::ResponseHead head) {
  const std::uint16_t status = head.status;
  if (times_) head.headers.emplace_back("Server-Timing", FormatServerTiming(times_()));
  if (names_guest_) head.headers.emplace_back(kAnsweredBy, "guest");
  auto sent = sink_.Head(std::move(head));
  if (sent) status_ = status;
  return sent;
}

std::optional<http::Problem> ProblemForExit(const model::Exit& exit) {
  switch (exit.reason) {
    case model::ExitReason::kReturned:
      return http::ProblemOf(502, "guest-no-answer", "the function ended without an answer");
    case model::ExitReason::kLimit:
      return LimitProblem(exit.detail);
    case model::ExitReason::kViolation:
      return http::ProblemOf(502, "guest-failed", "the function failed; its log says why");
    case model::ExitReason::kStopped:
      return StoppedProblem(exit.detail);
  }
  return http::ProblemOf(500, "internal", "the call ended in an unknown way");
}

http::Problem ProblemForFailure(const Error& error) {
  if (error.code == Errc::kResourceExhausted) {
    http::Problem problem = http::ProblemOf(503, "no-sandbox-left", "every sandbox slot is taken");
    problem.retry_after = kRetryAfter;
    return problem;
  }
  if (error.code == Errc::kDeadlineExceeded) {
    http::Problem problem =
        http::ProblemOf(503, "no-sandbox-in-time", "no sandbox became free in time");
    problem.retry_after = kRetryAfter;
    return problem;
  }
  if (error.code == Errc::kUnavailable) {
    http::Problem problem =
        http::ProblemOf(503, "unreachable", "the function cannot be reached now");
    problem.retry_after = kRetryAfter;
    return problem;
  }
  return http::ProblemOf(500, "sandbox-failed", "the sandbox could not be made; the log says why");
}

Awaitable<void> SendProblem(http::ResponseSink& sink, http::Problem problem, std::string allow) {
  const std::string body = http::ProblemBody(problem);
  http::ResponseHead head = http::ProblemHead(problem, body.size());
  if (!allow.empty()) head.headers.emplace_back("Allow", std::move(allow));
  if (!sink.Head(std::move(head))) co_return;
  // A client that does not take it all is gone; there is nobody left to tell.
  (void)co_await http::WriteAll(sink, AsBytes(body));
}

}  // namespace strata::route
