#include "api/router.h"

#include <gtest/gtest.h>

namespace strata::api {
namespace {

using Kind = Router::Found::Kind;

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router_.Add("GET", "/v1/sandboxes", 0);
    router_.Add("GET", "/v1/sandboxes/{id}", 1);
    router_.Add("DELETE", "/v1/sandboxes/{id}", 2);
  }
  Router router_;
};

TEST_F(RouterTest, TakesVariablesOutOfThePath) {
  const auto found = router_.Match("DELETE", "/v1/sandboxes/a%2Db");
  EXPECT_EQ(found.kind, Kind::kFound);
  EXPECT_EQ(found.id, 2U);
  EXPECT_EQ(found.variables.at("id"), "a-b");
}

TEST_F(RouterTest, AKnownPathWithAnotherMethodSaysWhichItHas) {
  const auto found = router_.Match("PUT", "/v1/sandboxes/x");
  EXPECT_EQ(found.kind, Kind::kNoMethod);
  EXPECT_EQ(found.allow, "GET, DELETE");
}

TEST_F(RouterTest, HeadIsGet) { EXPECT_EQ(router_.Match("HEAD", "/v1/sandboxes").id, 0U); }

struct NoPath {
  const char* label;
  const char* path;
};
class RouterNoPathTest : public RouterTest, public ::testing::WithParamInterface<NoPath> {};

TEST_P(RouterNoPathTest, IsNotFound) {
  EXPECT_EQ(router_.Match("GET", GetParam().path).kind, Kind::kNoPath);
}

INSTANTIATE_TEST_SUITE_P(Paths, RouterNoPathTest,
                         ::testing::Values(NoPath{"Root", "/"},
                                           NoPath{"Deeper", "/v1/sandboxes/a/b"},
                                           NoPath{"EmptySegment", "/v1/sandboxes/"},
                                           NoPath{"BrokenEscape", "/v1/sandboxes/%2"},
                                           NoPath{"Control", "/v1/sandboxes/%00"}),
                         [](const auto& info) { return info.param.label; });

TEST(ParseQueryTest, DecodesNamesAndValues) {
  const auto query = ParseQuery("a=1&b=x%20y&c");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->values.at("a"), "1");
  EXPECT_EQ(query->values.at("b"), "x y");
  EXPECT_EQ(query->values.at("c"), "");
}

TEST(ParseQueryTest, ListsKeepTheirOrderAndTheirLines) {
  const auto query = ParseQuery("w=sh&w=-c&w=a%0Ab&a=1", {"w"});
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->lists.at("w"), (std::vector<std::string>{"sh", "-c", "a\nb"}));
  EXPECT_EQ(query->values.at("a"), "1");
  EXPECT_EQ(ParseQuery("w=%00", {"w"}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(ParseQuery("a=%0A", {"w"}).error().code, Errc::kInvalidArgument);
}

TEST(ParseQueryTest, RefusesRepeatsAndBadEscapes) {
  EXPECT_EQ(ParseQuery("a=1&a=2").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(ParseQuery("a=%zz").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(ParseQuery("a=%ff").error().code, Errc::kInvalidArgument) << "no UTF-8";
}

}  // namespace
}  // namespace strata::api
