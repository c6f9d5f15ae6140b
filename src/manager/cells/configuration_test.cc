#include "manager/cells/configuration.h"

#include <gtest/gtest.h>

#include "cell/start/given_mounts.h"

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

TEST(ConfigurationTest, ABackendIsOneFormOfItsWorkload) {
  std::vector<Runnable> runnable{RunnableOf("a", "one", "sha256:1"),
                                 RunnableOf("a", "one", "sha256:0"),
                                 RunnableOf("a", "one", "container:sha256:2@k-a-1-0")};
  runnable[1].target.revision = 3;
  runnable[1].revision.number = 3;
  runnable[2].target.sandbox_class = runnable[2].sandbox_class = model::Class::kContainer;
  auto route = RouteTo("a", "/", "one");
  route.backends.push_back({"one", 2, {.revision = 3}});
  route.backends.push_back({"one", 1, {.sandbox_class = model::Class::kContainer}});
  route.backends.push_back({"one", 9, {.revision = 2}});  // not to be had
  const auto built = BuildConfiguration("a", runnable, std::span(&route, 1), {});
  ASSERT_EQ(built.message.functions.size(), 3U);
  EXPECT_EQ(built.message.functions[0].target, "");
  EXPECT_EQ(built.message.functions[1].target, "@3");
  EXPECT_EQ(built.message.functions[1].revision, 3U);
  EXPECT_EQ(built.message.functions[2].target, ":container");
  ASSERT_EQ(built.message.routes.size(), 1U);
  ASSERT_EQ(built.message.routes[0].backends.size(), 3U);
  EXPECT_EQ(built.message.routes[0].backends[1].function, 1U);
  EXPECT_EQ(built.message.routes[0].backends[2].function, 2U);
  EXPECT_FALSE(built.message.routes[0].backends[0].named);
  EXPECT_TRUE(built.message.routes[0].backends[1].named);
  route.shares = {1};
  const auto split = BuildConfiguration("a", runnable, std::span(&route, 1), {});
  EXPECT_FALSE(split.message.routes[0].backends[1].named) << "a rollout's side";
  EXPECT_TRUE(split.message.routes[0].backends[2].named);
  route.mirror = model::Mirror{"one", {.revision = 3}, 5};
  const auto mirrored = BuildConfiguration("a", runnable, std::span(&route, 1), {});
  EXPECT_EQ(mirrored.message.routes[0].mirror->function, 1U);
  EXPECT_EQ(mirrored.message.routes[0].mirror->percent, 5U);
  // The form decides who has the listener, too.
  EXPECT_EQ(PlanListener(runnable, std::span(&route, 1)).mode, ListenerPlan::Mode::kFront);
  route.backends.resize(2);
  EXPECT_EQ(PlanListener(runnable, std::span(&route, 1)).mode, ListenerPlan::Mode::kDirect);
}

TEST(ConfigurationTest, ARouteThatNobodyServesStaysWithoutABackend) {
  const std::vector<Runnable> runnable{RunnableOf("a", "one", "sha256:1"),
                                       RunnableOf("a", "two", "sha256:1")};
  auto rolled = RouteTo("a", "/", "lost");  // not to be had
  rolled.backends.push_back({"one", 0});
  const std::vector<model::RouteEntry> routes{rolled, RouteTo("a", "/2", "two"),
                                              RouteTo("a", "/3", "lost")};
  for (const Configuration& built : {BuildConfiguration("a", runnable, routes, {}),
                                     BuildFrontConfiguration(runnable, routes, {})}) {
    ASSERT_EQ(built.message.routes.size(), 3U) << "or another route would have its requests";
    EXPECT_TRUE(built.message.routes[0].backends.empty())
        << "a table refuses all for one without a weight";
    EXPECT_EQ(built.message.routes[1].backends.size(), 1U);
    EXPECT_TRUE(built.message.routes[2].backends.empty());
  }
}

TEST(ConfigurationTest, ARouteIsRefusedWhenAllThatItLeadsToIs) {
  const std::vector<Runnable> runnable{RunnableOf("a", "one", "sha256:1")};
  auto both = RouteTo("a", "/", "never");
  both.backends.push_back({"never", 1, {.revision = 3}});
  auto rolled = RouteTo("a", "/2", "never");
  rolled.backends.push_back({"lost", 0});
  auto served = RouteTo("a", "/3", "never");
  served.backends.push_back({"one", 1});
  const std::vector<model::RouteEntry> routes{both, rolled, served};
  std::set<FormName> refused{{"a", "never", {}}, {"b", "lost", {}}};
  const auto are_refused = [&] {
    const auto built = BuildConfiguration("a", runnable, routes, {}, refused);
    const auto front = BuildFrontConfiguration(runnable, routes, {}, refused);
    std::vector<bool> all;
    for (std::size_t i = 0; i < routes.size(); ++i) {
      all.push_back(built.message.routes[i].refused);
      EXPECT_EQ(front.message.routes[i].refused, all.back());
    }
    return all;
  };
  EXPECT_EQ(are_refused(), (std::vector{false, true, false})) << "revision 3 may come yet";
  refused.emplace("a", "never", model::Target{.revision = 3});
  EXPECT_EQ(are_refused(), (std::vector{true, true, false}));
}

TEST(ConfigurationTest, CollectsTheDirectoriesThatCellsMustReach) {
  auto runnable = RunnableOf("a", "one", "sha256:1");
  runnable.revision.workload.grants.dirs = {
      {"/srv/data", "/data", model::DirGrant::Mode::kReadOnly},
      {"", "/tmp", model::DirGrant::Mode::kScratch}};
  const auto built = BuildConfiguration("a", std::span(&runnable, 1), {}, {});
  EXPECT_EQ(built.needs.read_only, std::set<std::string>{"/srv/data"});
  EXPECT_TRUE(built.needs.scratch);
}

TEST(ConfigurationTest, CollectsTheVolumesThatCellsMustHave) {
  using Mode = model::DirGrant::Mode;
  std::vector<Runnable> runnable{RunnableOf("a", "one", "sha256:1"),
                                 RunnableOf("a", "two", "sha256:1")};
  runnable[0].revision.workload.grants.dirs = {{"/v/db.img", "/data", Mode::kVolume}};
  runnable[1].revision.workload.grants.dirs = {{"/v/db.img", "/data", Mode::kVolumeReadOnly},
                                               {"/v/db.img", "/more", Mode::kVolumeReadOnly}};
  const auto built = BuildConfiguration("a", runnable, {}, {});
  EXPECT_EQ(built.needs.volumes,
            (std::set<std::pair<std::string, Mode>>{{"/v/db.img", Mode::kVolume},
                                                    {"/v/db.img", Mode::kVolumeReadOnly}}));
  EXPECT_TRUE(built.needs.read_only.empty());
}

TEST(ConfigurationTest, EachSandboxAtATimeHasAScratchDirectoryOfItsSize) {
  const auto counted = [](std::vector<std::uint32_t> concurrency) {
    std::vector<Runnable> runnable;
    for (const std::uint32_t most : concurrency) {
      runnable.push_back(RunnableOf("a", "f" + std::to_string(most), "sha256:1"));
      auto& workload = runnable.back().revision.workload;
      workload.limits.concurrency = most;
      workload.grants.dirs = {
          {.guest = "/tmp", .mode = model::DirGrant::Mode::kScratch, .size = 1_MiB}};
    }
    const auto built = BuildConfiguration("a", runnable, {}, {});
    EXPECT_FALSE(built.needs.scratch);
    return built.needs.bounded.at(Bytes(1_MiB).count);
  };
  EXPECT_EQ(counted({1}), 9U);  // eight that have an address
  EXPECT_EQ(counted({10, 20}), 38U);
  EXPECT_EQ(counted({100, 100}), cell::kMostScratch);
}

TEST(ConfigurationTest, DirectoriesOfOtherClassesAreTheirKeepersAffair) {
  auto runnable = RunnableOf("a", "one", "container:sha256:1@k-a-1-0");
  runnable.sandbox_class = model::Class::kContainer;
  runnable.revision.workload.grants.dirs = {
      {"/srv/data", "/data", model::DirGrant::Mode::kReadOnly},
      {"", "/tmp", model::DirGrant::Mode::kScratch}};
  const auto built = BuildConfiguration("a", std::span(&runnable, 1), {}, {});
  EXPECT_TRUE(built.needs.read_only.empty());
  EXPECT_FALSE(built.needs.scratch);
  EXPECT_EQ(built.message.functions.at(0).sandbox_class, "container");
}

TEST(ConfigurationTest, AListenerIsDirectWhileAllOfItIsWasmOfOneTenant) {
  std::vector<Runnable> runnable{RunnableOf("a", "one", "sha256:1"),
                                 RunnableOf("b", "two", "sha256:2")};
  EXPECT_EQ(PlanListener(runnable, {}).mode, ListenerPlan::Mode::kDirect);
  std::vector<model::RouteEntry> routes{RouteTo("a", "/1", "one")};
  ListenerPlan plan = PlanListener(runnable, routes);
  EXPECT_EQ(plan.mode, ListenerPlan::Mode::kDirect);
  EXPECT_EQ(plan.tenant, "a");
  EXPECT_TRUE(plan.handed_on.empty());

  routes.push_back(RouteTo("b", "/2", "two"));
  plan = PlanListener(runnable, routes);
  EXPECT_EQ(plan.mode, ListenerPlan::Mode::kFront);
  EXPECT_EQ(plan.handed_on, (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(plan.why, "routes of 2 namespaces share it");

  runnable[1].sandbox_class = model::Class::kMicrovm;
  plan = PlanListener(runnable, routes);
  EXPECT_EQ(plan.handed_on, (std::set<std::string>{"a"}));
  EXPECT_EQ(plan.why, "routes of 2 namespaces share it; class microvm");
}

TEST(ConfigurationTest, OneRouteToAnotherClassMakesFronts) {
  std::vector<Runnable> runnable{RunnableOf("a", "one", "container:1@k")};
  runnable[0].sandbox_class = model::Class::kContainer;
  const std::vector<model::RouteEntry> routes{RouteTo("a", "/1", "one")};
  const ListenerPlan plan = PlanListener(runnable, routes);
  EXPECT_EQ(plan.mode, ListenerPlan::Mode::kFront);
  EXPECT_EQ(plan.why, "routes lead to class container");
  EXPECT_TRUE(plan.handed_on.empty());
}

TEST(ConfigurationTest, ACopyToWasmOfARouteToAnotherClassIsHandedOn) {
  std::vector<Runnable> runnable{RunnableOf("a", "one", "container:1@k"),
                                 RunnableOf("a", "one", "sha256:1")};
  runnable[0].sandbox_class = model::Class::kContainer;
  runnable[1].target.sandbox_class = model::Class::kWasm;
  auto route = RouteTo("a", "/1", "one");
  route.mirror = model::Mirror{"one", {.sandbox_class = model::Class::kWasm}, 100};
  const ListenerPlan plan = PlanListener(runnable, std::span(&route, 1));
  EXPECT_EQ(plan.mode, ListenerPlan::Mode::kFront);
  EXPECT_EQ(plan.handed_on, std::set<std::string>{"a"});
  EXPECT_EQ(plan.why, "routes lead to class container");
  // The other way round hosts do it: they reach a keeper's sandboxes as fronts do.
  runnable[0].target.sandbox_class = model::Class::kContainer;
  runnable[1].target = {};
  route.mirror->target.sandbox_class = model::Class::kContainer;
  EXPECT_EQ(PlanListener(runnable, std::span(&route, 1)).mode, ListenerPlan::Mode::kDirect);
}

TEST(ConfigurationTest, AFrontKnowsNoCodeOrPowersOfWhatItHandsOn) {
  std::vector<Runnable> runnable{RunnableOf("a", "same", "sha256:1"),
                                 RunnableOf("b", "same", "container:1@k")};
  runnable[0].revision.workload.env = {{"KEY", "secret"}};
  runnable[0].revision.workload.grants.http = {{"api.example", 443}};
  runnable[1].sandbox_class = model::Class::kContainer;
  const std::vector<model::RouteEntry> routes{RouteTo("a", "/1", "same"),
                                              RouteTo("b", "/2", "same")};
  const Configuration built = BuildFrontConfiguration(runnable, routes, {});
  EXPECT_EQ(built.modules, std::vector<std::string>{"container:1@k"});
  EXPECT_TRUE(built.needs.read_only.empty());
  ASSERT_EQ(built.message.functions.size(), 2U);
  const cell::Function& handed = built.message.functions[0];
  EXPECT_TRUE(handed.module.empty());
  EXPECT_TRUE(handed.env.empty());
  EXPECT_TRUE(handed.grants.http.empty());
  EXPECT_EQ(built.message.functions[1].module, "container:1@k");
  ASSERT_EQ(built.message.routes.size(), 2U);
  EXPECT_EQ(built.message.routes[0].backends[0].function, 0U);
  EXPECT_EQ(built.message.routes[1].backends[0].function, 1U);
}

}  // namespace
}  // namespace strata::manager
