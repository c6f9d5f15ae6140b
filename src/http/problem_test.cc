#include "http/problem.h"

#include <array>

#include <gtest/gtest.h>

namespace strata::http {
namespace {

TEST(ProblemTest, EveryErrcHasItsStatus) {
  constexpr std::array<std::pair<Errc, std::uint16_t>, 9> kTable{{
      {Errc::kInvalidArgument, 400},
      {Errc::kNotFound, 404},
      {Errc::kFailedPrecondition, 409},
      {Errc::kResourceExhausted, 429},
      {Errc::kPermissionDenied, 403},
      {Errc::kDeadlineExceeded, 504},
      {Errc::kUnavailable, 503},
      {Errc::kUnsupported, 501},
      {Errc::kInternal, 500},
  }};
  for (const auto& [code, status] : kTable) {
    EXPECT_EQ(StatusOf(code), status);
    EXPECT_EQ(ProblemFor(Error{code, "x"}).status, status);
    EXPECT_NE(ReasonPhrase(status), "Unknown");
  }
  EXPECT_EQ(ReasonPhrase(598), "Unknown");
}

TEST(ProblemTest, TheBodyHasTheStandardMembersAndTheExtraOnes) {
  Problem problem = ProblemFor(Error{Errc::kNotFound, "no function 'a\"b'"});
  problem.extra = {{"field", "spec.x"}, {"status", 200}};
  auto body = ParseJson(ProblemBody(problem));
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(*body, (Json{{"type", "urn:strata:problem:not-found"},
                         {"title", "Not Found"},
                         {"status", 404},
                         {"detail", "no function 'a\"b'"},
                         {"field", "spec.x"}}));
}

TEST(ProblemTest, RetryAfterComesWithWhatMayBeRetried) {
  const auto has_retry = [](const Problem& problem) {
    const ResponseHead head = ProblemHead(problem, 10);
    for (const auto& [name, value] : head.headers) {
      if (name == "Retry-After") return value == "1";
    }
    return false;
  };
  EXPECT_TRUE(has_retry(ProblemFor(Error{Errc::kUnavailable, ""})));
  EXPECT_TRUE(has_retry(ProblemFor(Error{Errc::kResourceExhausted, ""})));
  EXPECT_TRUE(has_retry(ProblemFor(Rejection{503, "full"})));
  EXPECT_FALSE(has_retry(ProblemFor(Error{Errc::kNotFound, ""})));
  EXPECT_FALSE(has_retry(ProblemFor(Rejection{400, "bad"})));
}

}  // namespace
}  // namespace strata::http
