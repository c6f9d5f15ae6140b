#include "manager/configuration.h"

#include <gtest/gtest.h>

namespace strata::manager {
namespace {

Runnable RunnableOf(std::string tenant, std::string name, std::string module) {
  Runnable runnable;
  runnable.revision.tenant = std::move(tenant);
  runnable.revision.name = std::move(name);
  runnable.revision.number = 7;
  runnable.module = std::move(module);
  return runnable;
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
  const std::vector<Runnable> runnable{RunnableOf("a", "one", "sha256:1"),
                                       RunnableOf("b", "two", "sha256:2")};
  const std::vector<model::RouteEntry> routes{RouteTo("a", "/1", "one"), RouteTo("b", "/2", "two")};
  const auto built = BuildConfiguration("b", runnable, routes, {});
  ASSERT_EQ(built.message.functions.size(), 1U);
  EXPECT_EQ(built.message.functions[0].name, "two");
  EXPECT_EQ(built.message.functions[0].revision, 7U);
  ASSERT_EQ(built.message.routes.size(), 1U);
  EXPECT_EQ(built.message.routes[0].path, "/2");
  EXPECT_EQ(built.modules, std::vector<std::string>{"sha256:2"});
}

TEST(ConfigurationTest, RoutesNameFunctionsByTheirIndex) {
  const std::vector<Runnable> runnable{RunnableOf("a", "one", "sha256:1"),
                                       RunnableOf("a", "two", "sha256:1")};
  const std::vector<model::RouteEntry> routes{RouteTo("a", "/", "two")};
  const auto built = BuildConfiguration("a", runnable, routes, {});
  ASSERT_EQ(built.message.routes.size(), 1U);
  ASSERT_EQ(built.message.routes[0].backends.size(), 1U);
  EXPECT_EQ(built.message.routes[0].backends[0].function, 1U);
  EXPECT_EQ(built.message.routes[0].backends[0].weight, 3U);
  EXPECT_EQ(built.modules.size(), 1U) << "two functions of one artifact share its code";
}

TEST(ConfigurationTest, CollectsTheDirectoriesThatCellsMustReach) {
  auto runnable = RunnableOf("a", "one", "sha256:1");
  runnable.revision.workload.grants.dirs = {
      {"/srv/data", "/data", model::DirGrant::Mode::kReadOnly},
      {"", "/tmp", model::DirGrant::Mode::kScratch}};
  const auto built = BuildConfiguration("a", std::span(&runnable, 1), {}, {});
  EXPECT_EQ(built.read_only, std::set<std::string>{"/srv/data"});
  EXPECT_TRUE(built.scratch);
}

TEST(ConfigurationTest, DirectoriesOfOtherClassesAreTheirKeepersAffair) {
  auto runnable = RunnableOf("a", "one", "container:sha256:1@k-a-1-0");
  runnable.sandbox_class = model::Class::kContainer;
  runnable.revision.workload.grants.dirs = {
      {"/srv/data", "/data", model::DirGrant::Mode::kReadOnly},
      {"", "/tmp", model::DirGrant::Mode::kScratch}};
  const auto built = BuildConfiguration("a", std::span(&runnable, 1), {}, {});
  EXPECT_TRUE(built.read_only.empty());
  EXPECT_FALSE(built.scratch);
  EXPECT_EQ(built.message.functions.at(0).sandbox_class, "container");
}

}  // namespace
}  // namespace strata::manager
