#include "http/problem.h"

#include <boost/beast/http/status.hpp>

#include "http/parse/ascii.h"

namespace strata::http {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};

// "Request Header Fields Too Large" becomes "request-header-fields-too-large".
std::string SlugOf(std::string_view title) {
  std::string slug;
  for (char c : title) slug += c == ' ' ? '-' : LowerAscii(c);
  return slug;
}

// "FAILED_PRECONDITION" becomes "failed-precondition".
std::string SlugOf(Errc code) {
  std::string slug;
  for (char c : ErrcName(code)) slug += c == '_' ? '-' : LowerAscii(c);
  return slug;
}

}  // namespace

std::string_view ReasonPhrase(std::uint16_t status) noexcept {
  const auto known = boost::beast::http::int_to_status(status);
  if (known == boost::beast::http::status::unknown) return "Unknown";
  const auto phrase = boost::beast::http::obsolete_reason(known);
  return {phrase.data(), phrase.size()};
}

std::uint16_t StatusOf(Errc code) noexcept {
  switch (code) {
    case Errc::kInvalidArgument:
      return 400;
    case Errc::kNotFound:
      return 404;
    case Errc::kFailedPrecondition:
      return 409;
    case Errc::kResourceExhausted:
      return 429;
    case Errc::kPermissionDenied:
      return 403;
    case Errc::kDeadlineExceeded:
      return 504;
    case Errc::kUnavailable:
      return 503;
    case Errc::kUnsupported:
      return 501;
    case Errc::kInternal:
      return 500;
  }
  return 500;
}

Problem ProblemFor(const Error& error) {
  Problem problem{.status = StatusOf(error.code), .slug = SlugOf(error.code)};
  problem.detail = error.message;
  problem.extra["code"] = ErrcName(error.code);
  if (error.code == Errc::kResourceExhausted || error.code == Errc::kUnavailable) {
    problem.retry_after = kRetryAfter;
  }
  return problem;
}

Problem ProblemOf(std::uint16_t status, std::string slug, std::string detail) {
  Problem problem;
  problem.status = status;
  problem.slug = std::move(slug);
  problem.detail = std::move(detail);
  return problem;
}

Problem ProblemFor(const Rejection& rejection) {
  Problem problem{.status = rejection.status, .detail = std::string(rejection.detail)};
  if (rejection.status == 503) problem.retry_after = kRetryAfter;
  return problem;
}

std::string ProblemBody(const Problem& problem) {
  const std::string_view title = ReasonPhrase(problem.status);
  Json body = problem.extra;
  body["type"] = "urn:strata:problem:" + (problem.slug.empty() ? SlugOf(title) : problem.slug);
  body["title"] = std::string(title);
  body["status"] = problem.status;
  body["detail"] = problem.detail;
  return DumpJson(body);
}

ResponseHead ProblemHead(const Problem& problem, std::size_t body_size) {
  ResponseHead head{.status = problem.status};
  head.headers.emplace_back("Content-Type", "application/problem+json");
  head.headers.emplace_back("Content-Length", std::to_string(body_size));
  if (problem.retry_after) {
    head.headers.emplace_back("Retry-After", std::to_string(problem.retry_after->count()));
  }
  return head;
}

}  // namespace strata::http
