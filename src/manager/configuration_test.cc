#include "manager/configuration.h"

#include <gtest/gtest.h>

namespace strata::manager {
namespace {

model::Revision RevisionOf(std::string tenant, std::string name, std::string digest) {
  model::Revision revision;
  revision.tenant = std::move(tenant);
  revision.name = std::move(name);
  revision.number = 7;
  revision.artifact_digest = std::move(digest);
  return revision;
}

model::RouteEntry RouteTo(std::string tenant, std::string path, std::string function) {
  model::RouteEntry route;
  route.host = "*";
  route.path = std::move(path);
  route.tenant = std::move(tenant);
  route.backends.push_back({std::move(function), 3});
  return route;
}

TEST(ConfigurationTest, HoldsOneTenantOnly) {
  const std::vector<model::Revision> revisions{RevisionOf("a", "one", "sha256:1"),
                                               RevisionOf("b", "two", "sha256:2")};
  const std::vector<model::RouteEntry> routes{RouteTo("a", "/1", "one"), RouteTo("b", "/2", "two")};
  const auto built = BuildConfiguration("b", revisions, routes, "key", {});
  ASSERT_EQ(built.message.functions.size(), 1U);
  EXPECT_EQ(built.message.functions[0].name, "two");
  EXPECT_EQ(built.message.functions[0].revision, 7U);
  ASSERT_EQ(built.message.routes.size(), 1U);
  EXPECT_EQ(built.message.routes[0].path, "/2");
  EXPECT_EQ(built.modules, std::vector<std::string>{"sha256:2-key"});
}

TEST(ConfigurationTest, RoutesNameFunctionsByTheirIndex) {
  const std::vector<model::Revision> revisions{RevisionOf("a", "one", "sha256:1"),
                                               RevisionOf("a", "two", "sha256:1")};
  const std::vector<model::RouteEntry> routes{RouteTo("a", "/", "two")};
  const auto built = BuildConfiguration("a", revisions, routes, "key", {});
  ASSERT_EQ(built.message.routes.size(), 1U);
  ASSERT_EQ(built.message.routes[0].backends.size(), 1U);
  EXPECT_EQ(built.message.routes[0].backends[0].function, 1U);
  EXPECT_EQ(built.message.routes[0].backends[0].weight, 3U);
  EXPECT_EQ(built.modules.size(), 1U) << "two functions of one artifact share its code";
}

TEST(ConfigurationTest, CollectsTheDirectoriesThatCellsMustReach) {
  auto revision = RevisionOf("a", "one", "sha256:1");
  revision.workload.grants.dirs = {{"/srv/data", "/data", model::DirGrant::Mode::kReadOnly},
                                   {"", "/tmp", model::DirGrant::Mode::kScratch}};
  const auto built = BuildConfiguration("a", std::span(&revision, 1), {}, "key", {});
  EXPECT_EQ(built.read_only, std::set<std::string>{"/srv/data"});
  EXPECT_TRUE(built.scratch);
}

}  // namespace
}  // namespace strata::manager
