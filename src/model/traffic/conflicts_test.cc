#include "model/traffic/conflicts.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Resource FunctionAt(const std::string& name, std::vector<HttpMatch> triggers,
                    const std::string& tenant = "shop") {
  Resource resource;
  resource.metadata.name = name;
  resource.metadata.tenant = tenant;
  resource.spec = FunctionSpec{{}, std::move(triggers)};
  return resource;
}

Resource RouteAt(const std::string& name, HttpMatch match, std::vector<Backend> backends) {
  Resource resource;
  resource.metadata.name = name;
  resource.metadata.tenant = "shop";
  resource.spec = RouteSpec{std::move(match), std::move(backends)};
  return resource;
}

TEST(ConflictsTest, ATriggerIsARouteToItsOwnFunction) {
  const auto routes = RoutesOf(FunctionAt("f", {{"*", "/a", {"GET"}}, {"h", "/b", {}}}));
  ASSERT_THAT(routes, SizeIs(2));
  EXPECT_EQ(routes[0],
            (RouteEntry{"*", "/a", {"GET"}, "shop", {{"f", 1}}, {"shop", Kind::kFunction, "f"}}));
  EXPECT_EQ(routes[1].host, "h");
}

TEST(ConflictsTest, ARouteKeepsItsWeights) {
  const auto routes = RoutesOf(RouteAt("r", {"*", "/", {}}, {{"a", 9}, {"b", 1}}));
  ASSERT_THAT(routes, SizeIs(1));
  EXPECT_THAT(routes[0].backends, ElementsAre(Backend{"a", 9}, Backend{"b", 1}));
}

TEST(ConflictsTest, BuildsASortedTable) {
  const std::vector<Resource> resources = {FunctionAt("b", {{"h", "/b", {}}}),
                                           FunctionAt("a", {{"*", "/z", {}}, {"*", "/a", {}}})};
  const auto table = BuildRoutes(resources);
  ASSERT_TRUE(table);
  std::vector<std::string> places;
  for (const RouteEntry& route : *table) places.push_back(route.host + route.path);
  EXPECT_THAT(places, ElementsAre("*/a", "*/z", "h/b"));
}

TEST(ConflictsTest, TwoOwnersOfOnePlaceAreRefusedNamingBoth) {
  const std::vector<Resource> resources = {FunctionAt("f", {{"*", "/a", {"GET", "PUT"}}}),
                                           RouteAt("r", {"*", "/a", {"POST", "PUT"}}, {{"f", 1}})};
  const auto table = BuildRoutes(resources);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Errc::kFailedPrecondition);
  EXPECT_EQ(table.error().message,
            "Route shop/r: host '*', path '/a', PUT already belongs to Function shop/f");
}

TEST(ConflictsTest, EveryMethodOverlapsWithEach) {
  const std::vector<Resource> named = {FunctionAt("f", {{"*", "/a", {}}}),
                                       FunctionAt("g", {{"*", "/a", {"GET"}}})};
  EXPECT_THAT(BuildRoutes(named).error().message, HasSubstr("'/a', GET already belongs"));
  const std::vector<Resource> all = {FunctionAt("f", {{"*", "/a", {}}}),
                                     FunctionAt("g", {{"*", "/a", {}}})};
  EXPECT_THAT(BuildRoutes(all).error().message, HasSubstr("every method already belongs"));
}

TEST(ConflictsTest, OtherHostsPathsAndMethodsAreFree) {
  const std::vector<Resource> resources = {
      FunctionAt("f", {{"*", "/a", {"GET"}}}), FunctionAt("g", {{"*", "/a", {"PUT"}}}),
      FunctionAt("h", {{"*", "/a/b", {"GET"}}}), FunctionAt("i", {{"x", "/a", {"GET"}}})};
  EXPECT_TRUE(BuildRoutes(resources));
}

TEST(ConflictsTest, TenantsShareTheListenerButNoPlaceOnIt) {
  std::vector<Resource> resources = {FunctionAt("f", {{"*", "/a", {}}}),
                                     FunctionAt("g", {{"*", "/b", {}}}, "blog")};
  EXPECT_TRUE(BuildRoutes(resources));
  resources.push_back(FunctionAt("h", {{"*", "/a", {"GET"}}}, "blog"));
  const auto table = BuildRoutes(resources);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Errc::kFailedPrecondition);
  EXPECT_THAT(table.error().message, HasSubstr("Function blog/h"));
  EXPECT_THAT(table.error().message, HasSubstr("already belongs to Function shop/f"));
}

}  // namespace
}  // namespace strata::model
