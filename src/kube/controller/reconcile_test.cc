#include "kube/controller/reconcile.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::kube::controller {
namespace {

using ::testing::HasSubstr;

constexpr const char* kNow = "2026-11-27T17:30:00.000000Z";
constexpr const char* kBefore = "2026-11-27T17:00:00.000000Z";

// What an API server gives, with more in its metadata than a manifest has.
Json Service() {
  return {{"apiVersion", "strata.dev/v1alpha1"},
          {"kind", "Service"},
          {"metadata",
           {{"name", "web"},
            {"namespace", "shop"},
            {"uid", "uid-1"},
            {"generation", 2},
            {"resourceVersion", "7"},
            {"managedFields", Json::array({Json::object()})},
            {"finalizers", Json::array({"another", "strata.dev/controller"})}}},
          {"spec", {{"artifact", "oci://registry.example/web:1"}, {"replicas", 2}}}};
}

Json OwnedBy(std::string_view uid) {
  return Json::array({Json{{"uid", uid}, {"controller", true}}});
}

Observed Seen(Json resource, std::vector<Json> children = {}) {
  return {std::move(resource), std::move(children)};
}

// On a cluster whose one node has containers.
std::vector<Action> Decide(const Observed& observed, std::string_view now) {
  scheduler::ClassSet classes;
  classes.Add(model::Class::kContainer);
  return Reconcile(observed, {{"n", classes}}, now);
}

template <typename T>
std::vector<T> Of(const std::vector<Action>& actions) {
  std::vector<T> found;
  for (const Action& action : actions) {
    if (const T* each = std::get_if<T>(&action)) found.push_back(*each);
  }
  return found;
}

// The one of that kind which is made for what is seen.
Json MadeFor(const Observed& observed, std::string_view kind) {
  for (const Apply& each : Of<Apply>(Decide(observed, kNow))) {
    if (each.object["kind"] == kind) return each.object;
  }
  ADD_FAILURE() << "no " << kind;
  return Json::object();
}

// Of two pods, of which so many are available.
Json Deployment(int available, const Observed& maker = Seen(Service())) {
  Json made = MadeFor(maker, "Deployment");
  made["metadata"]["generation"] = 1;
  made["status"] = {{"observedGeneration", 1},
                    {"replicas", 2},
                    {"availableReplicas", available},
                    {"updatedReplicas", 2}};
  return made;
}

Json ReadyOf(const std::vector<Action>& actions) {
  const auto statuses = Of<SetStatus>(actions);
  if (statuses.size() != 1) {
    ADD_FAILURE() << statuses.size() << " statuses";
    return Json::object();
  }
  return statuses[0].status["conditions"].back();
}

TEST(ReconcileTest, TheFinalizerComesBeforeAnythingIsMade) {
  Json resource = Service();
  resource["metadata"]["finalizers"] = Json::array({"another"});
  const auto actions = Decide(Seen(resource), kNow);
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(std::get<SetFinalizers>(actions[0]).finalizers,
            Json::array({"another", "strata.dev/controller"}));
}

TEST(ReconcileTest, WhatShallBeThereIsApplied) {
  const auto actions = Decide(Seen(Service()), kNow);
  const auto applied = Of<Apply>(actions);
  ASSERT_EQ(applied.size(), 3U);
  EXPECT_EQ(applied[1].object["spec"]["template"]["spec"]["runtimeClassName"], "strata-container");
  const Json ready = ReadyOf(actions);
  EXPECT_EQ(ready["status"], "False");
  EXPECT_EQ(ready["reason"], "Progressing");
  EXPECT_EQ(ready["observedGeneration"], 2);
  EXPECT_EQ(ready["lastTransitionTime"], kNow);
}

TEST(ReconcileTest, TheStatusSaysInWhichClassAndWhyUntilThereIsNone) {
  Json service = Service();
  const auto placed = Of<SetStatus>(Decide(Seen(service), kNow));
  ASSERT_EQ(placed.size(), 1U);
  const Json& placement = placed[0].status["placement"];
  EXPECT_EQ(placement["class"], "container");
  EXPECT_EQ(placement["node"], "");
  EXPECT_TRUE(model::PlacementFromJson(placement).has_value());
  service["status"] = placed[0].status;
  service["spec"]["class"] = "microvm";  // no node has it
  const auto nowhere = Of<SetStatus>(Decide(Seen(service), kNow));
  ASSERT_EQ(nowhere.size(), 1U);
  EXPECT_TRUE(nowhere[0].status.at("placement").is_null());
  service["status"].erase("placement");
  service["status"].update(nowhere[0].status);
  service["status"].erase("placement");  // what merging a null does
  EXPECT_TRUE(Of<SetStatus>(Decide(Seen(service), kNow)).empty());
}

TEST(ReconcileTest, WhatIsAsItShallBeIsLeftAlone) {
  std::vector<Json> there;
  for (const Apply& each : Of<Apply>(Decide(Seen(Service()), kNow))) there.push_back(each.object);
  EXPECT_TRUE(Of<Apply>(Decide(Seen(Service(), there), kNow)).empty());
  there[1]["spec"]["replicas"] = 7;
  const auto applied = Of<Apply>(Decide(Seen(Service(), there), kNow));
  ASSERT_EQ(applied.size(), 1U);
  EXPECT_EQ(applied[0].object["spec"]["replicas"], 2);
}

TEST(ReconcileTest, WhatOthersSetOfWhatWasAppliedIsSaidAndNotAppliedAgainUntilItIsSomethingElse) {
  Observed observed = Seen(Service());
  for (const Apply& each : Of<Apply>(Decide(observed, kNow))) {
    const bool deployment = each.object["kind"] == "Deployment";
    observed.children.push_back(deployment ? Deployment(2) : each.object);
  }
  const auto wanted = observed.children[1];
  Json& image = observed.children[1]["spec"]["template"]["spec"]["containers"][0]["image"];
  image = "mirror.example/web:1";
  observed.overridden[DigestOf(wanted)] = DifferencesOf(observed.children[1], wanted);
  const auto actions = Decide(observed, kNow);
  EXPECT_TRUE(Of<Apply>(actions).empty());
  const Json ready = ReadyOf(actions);
  EXPECT_EQ(ready["status"], "True");
  EXPECT_EQ(ready["reason"], "Overridden");
  EXPECT_THAT(ready["message"].get<std::string>(),
              HasSubstr("Deployment web: spec.template.spec.containers[main].image"));
  image = "another.example/web:1";
  EXPECT_EQ(Of<Apply>(Decide(observed, kNow)).size(), 1U);
}

TEST(ReconcileTest, ReadyIsWhatTheDeploymentHas) {
  EXPECT_EQ(ReadyOf(Decide(Seen(Service(), {Deployment(1)}), kNow))["status"], "False");
  const Json ready = ReadyOf(Decide(Seen(Service(), {Deployment(2)}), kNow));
  EXPECT_EQ(ready["status"], "True");
  EXPECT_THAT(ready["message"].get<std::string>(), HasSubstr("2 replicas"));
}

TEST(ReconcileTest, WhatTheDeploymentHasSaysNothingOfAChangeThatIsAppliedNow) {
  Json changed = Service();
  changed["metadata"]["generation"] = 3;
  changed["spec"]["env"] = {{"MODE", "new"}};
  const auto actions = Decide(Seen(changed, {Deployment(2)}), kNow);
  const Json ready = ReadyOf(actions);
  EXPECT_EQ(ready["observedGeneration"], 3);
  EXPECT_EQ(ready["status"], "False");
  EXPECT_EQ(ready["reason"], "Progressing");
}

// A Service whose replicas follow its load, with this in its status.
Observed FollowsLoad(const Json& status, std::uint32_t replicas, std::vector<Json> children = {}) {
  Json service = Service();
  service["spec"].erase("replicas");
  service["spec"]["scale"] = {{"min", 0}, {"max", 3}};
  service["status"] = status;
  Observed observed = Seen(std::move(service), std::move(children));
  observed.activation = Activation{
      .replicas = replicas, .why = "idle for 60 s", .port = 20'001, .activators = {"10.0.0.1"}};
  return observed;
}

TEST(ReconcileTest, ThePortAtTheActivatorsIsSaidBeforeAnybodyIsLedThere) {
  const auto actions = Decide(FollowsLoad(Json::object(), 1), kNow);
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(std::get<SetStatus>(actions[0]).status, (Json{{"activator", {{"port", 20'001}}}}));
  const auto next = Decide(FollowsLoad({{"activator", {{"port", 20'001}}}}, 1), kNow);
  EXPECT_EQ(Of<Apply>(next).size(), 5U);
  EXPECT_EQ(Of<SetStatus>(next)[0].status["activator"]["port"], 20'001);
}

TEST(ReconcileTest, NoReplicaIsAsItShallBeWhereNobodyAsks) {
  const Json port = {{"activator", {{"port", 20'001}}}};
  Json deployment = Deployment(0, FollowsLoad(port, 0));
  deployment["status"] = {{"observedGeneration", 1}};
  const Json ready = ReadyOf(Decide(FollowsLoad(port, 0, {deployment}), kNow));
  EXPECT_EQ(ready["status"], "True");
  EXPECT_EQ(ready["reason"], "ScaledToZero");
  EXPECT_THAT(ready["message"].get<std::string>(), HasSubstr("idle for 60 s"));
  deployment = Deployment(2, FollowsLoad(port, 1));
  EXPECT_EQ(ReadyOf(Decide(FollowsLoad(port, 1, {deployment}), kNow))["reason"], "Available");
}

TEST(ReconcileTest, WhatFollowsItsLoadStaysAsItIsWhileThereIsNoActivator) {
  Observed observed = FollowsLoad({{"activator", {{"port", 20'001}}}}, 0, {Deployment(2)});
  observed.activation->activators.clear();
  const auto actions = Decide(observed, kNow);
  EXPECT_TRUE(Of<Apply>(actions).empty());
  EXPECT_TRUE(Of<Remove>(actions).empty());
  EXPECT_EQ(ReadyOf(actions)["reason"], "NoActivator");
}

TEST(ReconcileTest, WhatNoLongerFollowsItsLoadHasNoPort) {
  Json service = Service();
  service["status"] = {{"activator", {{"port", 20'001}}}};
  const auto statuses = Of<SetStatus>(Decide(Seen(service), kNow));
  ASSERT_EQ(statuses.size(), 1U);
  EXPECT_TRUE(statuses[0].status.at("activator").is_null());
}

TEST(ReconcileTest, TheWayThroughTheActivatorsStaysUntilTheDeploymentAnswers) {
  const Json port = {{"activator", {{"port", 20'001}}}};
  std::vector<Json> there;
  for (const Apply& each : Of<Apply>(Decide(FollowsLoad(port, 0), kNow))) {
    there.push_back(each.object);
  }
  ASSERT_EQ(there.size(), 5U);
  Json fixed = Service();
  fixed["status"] = port;
  EXPECT_TRUE(IsLedToActivators(Seen(fixed, there)));
  auto actions = Decide(Seen(fixed, there), kNow);
  EXPECT_EQ(Of<Apply>(actions).size(), 2U) << "the Deployment, and the Service in front of it";
  EXPECT_TRUE(Of<Remove>(actions).empty());
  EXPECT_EQ(Of<SetStatus>(actions)[0].status["activator"], port["activator"]);

  // As it is told now, which nothing of it has been yet.
  for (const Apply& each : Of<Apply>(actions)) {
    for (Json& child : there) {
      const bool same = child["kind"] == each.object["kind"] &&
                        child["metadata"]["name"] == each.object["metadata"]["name"];
      if (same) child = each.object;
    }
  }
  EXPECT_TRUE(Of<Remove>(Decide(Seen(fixed, there), kNow)).empty());
  for (Json& child : there) {
    if (child["kind"] == "Deployment") {
      child["status"] = {{"availableReplicas", 2}, {"updatedReplicas", 2}};
    }
  }
  actions = Decide(Seen(fixed, there), kNow);
  EXPECT_EQ(Of<Remove>(actions).size(), 2U) << "its EndpointSlice, and the Service of its pods";
  EXPECT_EQ(Of<SetStatus>(actions)[0].status["activator"], port["activator"]);
  std::erase_if(there, [](const Json& child) { return child["kind"] == "EndpointSlice"; });
  EXPECT_FALSE(IsLedToActivators(Seen(fixed, there)));
  EXPECT_TRUE(Of<SetStatus>(Decide(Seen(fixed, there), kNow))[0].status["activator"].is_null());
}

TEST(ReconcileTest, AnEditThatIsRefusedLeavesThePortToWhoIsLedThere) {
  const Json port = {{"activator", {{"port", 20'001}}}};
  std::vector<Json> there;
  for (const Apply& each : Of<Apply>(Decide(FollowsLoad(port, 1), kNow))) {
    there.push_back(each.object);
  }
  Json refused = Service();
  refused["spec"]["scale"] = {{"min", 2}, {"max", 2}, {"concurrency", 5}};
  refused["status"] = port;
  const auto actions = Decide(Seen(refused, there), kNow);
  EXPECT_EQ(ReadyOf(actions)["status"], "False");
  EXPECT_TRUE(Of<Remove>(actions).empty());
  EXPECT_EQ(Of<SetStatus>(actions)[0].status["activator"], port["activator"]);
}

TEST(ReconcileTest, ADeploymentThatWasNotSeenYetIsNotReady) {
  Json deployment = Deployment(2);
  deployment["metadata"]["generation"] = 2;
  EXPECT_EQ(ReadyOf(Decide(Seen(Service(), {deployment}), kNow))["status"], "False");
}

TEST(ReconcileTest, APodOfBeforeThatIsLeftKeepsItFromBeingReady) {
  Json deployment = Deployment(2);
  deployment["status"]["replicas"] =
      3;  // the Deployment makes a new one first, and lets the old one go last
  const Json ready = ReadyOf(Decide(Seen(Service(), {deployment}), kNow));
  EXPECT_EQ(ready["status"], "False");
  EXPECT_THAT(ready["message"].get<std::string>(), HasSubstr("1 of before are left"));
}

TEST(ReconcileTest, TheStatusSaysHowManyPodsThereAreAndWhich) {
  Json deployment = Deployment(1);
  deployment["status"]["replicas"] = 3;
  deployment["spec"]["selector"]["matchLabels"] = {{"a", "b"}, {"c", "d"}};
  const auto statuses = Of<SetStatus>(Decide(Seen(Service(), {deployment}), kNow));
  ASSERT_EQ(statuses.size(), 1U);
  EXPECT_EQ(statuses[0].status["replicas"], 3);
  EXPECT_EQ(statuses[0].status["selector"], "a=b,c=d");
}

TEST(ReconcileTest, WithoutADeploymentThereAreNoPods) {
  Json service = Service();
  service["status"] = {{"replicas", 3}, {"selector", "a=b"}};
  const auto statuses = Of<SetStatus>(Decide(Seen(service), kNow));
  ASSERT_EQ(statuses.size(), 1U);
  EXPECT_EQ(statuses[0].status["replicas"], 0);
  service["status"] = statuses[0].status;
  EXPECT_TRUE(Of<SetStatus>(Decide(Seen(service), kNow)).empty());
}

TEST(ReconcileTest, AStuckDeploymentSaysWhy) {
  Json deployment = Deployment(0);
  deployment["status"]["conditions"] =
      Json::array({Json{{"type", "Progressing"}, {"status", "False"}, {"message", "too late"}}});
  const auto actions = Decide(Seen(Service(), {deployment}), kNow);
  EXPECT_EQ(ReadyOf(actions)["reason"], "Stuck");
  ASSERT_EQ(Of<Tell>(actions).size(), 1U);
  EXPECT_FALSE(Of<Tell>(actions)[0].well);
}

TEST(ReconcileTest, AStatusThatIsThereIsNotWrittenAgain) {
  Json resource = Service();
  const auto first = Decide(Seen(resource, {Deployment(2)}), kBefore);
  ASSERT_FALSE(first.empty());
  EXPECT_TRUE(std::holds_alternative<Tell>(first.back())) << "it may be refused";
  EXPECT_EQ(Of<Tell>(first).size(), 1U);
  resource["status"] = Of<SetStatus>(first)[0].status;
  const auto second = Decide(Seen(resource, {Deployment(2)}), kNow);
  EXPECT_TRUE(Of<SetStatus>(second).empty());
  EXPECT_TRUE(Of<Tell>(second).empty());
}

TEST(ReconcileTest, ATransitionHasItsTimeAndOthersConditionsStay) {
  Json resource = Service();
  resource["status"]["conditions"] = Json::array({Json{{"type", "Ready"},
                                                       {"status", "False"},
                                                       {"reason", "Progressing"},
                                                       {"lastTransitionTime", kBefore}},
                                                  Json{{"type", "Audited"}, {"status", "True"}}});
  const auto still = Decide(Seen(resource, {Deployment(1)}), kNow);
  EXPECT_EQ(ReadyOf(still)["lastTransitionTime"], kBefore);
  const auto actions = Decide(Seen(resource, {Deployment(2)}), kNow);
  EXPECT_EQ(ReadyOf(actions)["lastTransitionTime"], kNow);
  const Json conditions = Of<SetStatus>(actions)[0].status["conditions"];
  ASSERT_EQ(conditions.size(), 2U);
  EXPECT_EQ(conditions[0]["type"], "Audited");
}

TEST(ReconcileTest, WhatCannotBeMadeIsSaidAndWhatIsThereStays) {
  Json invalid = Service();
  invalid["spec"]["port"] = 0;
  Json unsupported = Service();
  unsupported["spec"]["priority"] = "high";
  Json nowhere = Service();
  nowhere["spec"]["class"] = "microvm";
  for (const auto& [resource, reason, field] :
       {std::tuple(invalid, "Invalid", "spec.port"),
        std::tuple(unsupported, "Unsupported", "spec.priority"),
        std::tuple(nowhere, "NoClass", "microvm")}) {
    const auto actions = Decide(Seen(resource, {Deployment(2)}), kNow);
    EXPECT_TRUE(Of<Apply>(actions).empty()) << reason;
    EXPECT_TRUE(Of<Remove>(actions).empty()) << reason;
    EXPECT_EQ(ReadyOf(actions)["status"], "False") << reason;
    EXPECT_EQ(ReadyOf(actions)["reason"], reason);
    EXPECT_THAT(ReadyOf(actions)["message"].get<std::string>(), HasSubstr(field));
  }
}

TEST(ReconcileTest, WhatIsWantedNoMoreIsRemoved) {
  const Json ingress = {
      {"apiVersion", "networking.k8s.io/v1"},
      {"kind", "Ingress"},
      {"metadata",
       {{"name", "web"}, {"namespace", "shop"}, {"ownerReferences", OwnedBy("uid-1")}}}};
  const auto removed = Of<Remove>(Decide(Seen(Service(), {Deployment(2), ingress}), kNow));
  ASSERT_EQ(removed.size(), 1U);
  EXPECT_EQ(removed[0].path, "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web");
}

TEST(ReconcileTest, ARouteIsReadyOnceItsIngressIsServed) {
  Json route = Service();
  route["kind"] = "Route";
  route["spec"] = {{"path", "/r"}, {"backends", Json::array({Json{{"function", "web"}}})}};
  const auto first = Decide(Seen(route), kNow);
  ASSERT_EQ(Of<Apply>(first).size(), 1U);
  Json ingress = Of<Apply>(first)[0].object;
  EXPECT_EQ(ReadyOf(Decide(Seen(route, {ingress}), kNow))["reason"], "Progressing");
  ingress["status"]["loadBalancer"]["ingress"] = Json::array({Json{{"ip", "192.0.2.1"}}});
  const auto last = Decide(Seen(route, {ingress}), kNow);
  EXPECT_EQ(ReadyOf(last)["status"], "True");
  EXPECT_TRUE(Of<Apply>(last).empty());
}

TEST(ReconcileTest, WhatIsAnothersIsLeftAlone) {
  Json theirs = Deployment(2);
  theirs["metadata"]["ownerReferences"] = OwnedBy("uid-2");
  const auto actions = Decide(Seen(Service(), {theirs}), kNow);
  EXPECT_TRUE(Of<Apply>(actions).empty());
  EXPECT_EQ(ReadyOf(actions)["reason"], "Taken");
  EXPECT_THAT(ReadyOf(actions)["message"].get<std::string>(), HasSubstr("Deployment web"));

  Json deleted = Service();
  deleted["metadata"]["deletionTimestamp"] = kBefore;
  const auto last = Decide(Seen(deleted, {theirs}), kNow);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(std::get<SetFinalizers>(last[0]).finalizers, Json::array({"another"}));
}

TEST(ReconcileTest, OnlyWhatIsOursIsTakenOver) {
  const auto first = Of<Apply>(Decide(Seen(Service()), kNow));
  ASSERT_FALSE(first.empty());
  for (const Apply& each : first) EXPECT_FALSE(each.there) << each.object["kind"];
  Json scaled = Deployment(2);
  scaled["spec"]["replicas"] = 7;
  const auto changed = Of<Apply>(Decide(Seen(Service(), {scaled}), kNow));
  ASSERT_EQ(changed.size(), 3U);
  for (const Apply& each : changed) {
    EXPECT_EQ(each.there, each.object["kind"] == "Deployment") << each.object["kind"];
  }

  Observed foreign = Seen(Service());
  foreign.obstacle = Taken(Deployment(2));
  const auto actions = Decide(foreign, kNow);
  EXPECT_TRUE(Of<Apply>(actions).empty());
  EXPECT_EQ(ReadyOf(actions)["reason"], "Taken");

  // A copy of ours without its owner is its maker's.
  Json copy = Deployment(2);
  copy["metadata"].erase("ownerReferences");
  const auto with_copy = Decide(Seen(Service(), {copy}), kNow);
  EXPECT_TRUE(Of<Apply>(with_copy).empty());
  EXPECT_TRUE(Of<Remove>(with_copy).empty());
  EXPECT_EQ(ReadyOf(with_copy)["reason"], "Taken");
  EXPECT_FALSE(Of<SetStatus>(with_copy)[0].status.contains("selector")) << "its pods are not ours";
}

// With one named volume.
Json Keeping(bool retain) {
  Json service = Service();
  service["spec"].erase("replicas");
  service["spec"]["volumes"] = Json::array(
      {Json{{"name", "d"}, {"named", {{"volume", "data"}, {"size_mib", 8}, {"retain", retain}}}}});
  service["spec"]["mounts"] = Json::array({Json{{"volume", "d"}, {"mount", "/d"}}});
  return service;
}

Json ClaimOf(const Json& service) { return MadeFor(Seen(service), "PersistentVolumeClaim"); }

TEST(ReconcileTest, AVolumeGoesWithTheLastWhoNamesItUnlessItIsKept) {
  for (const bool retain : {false, true}) {
    const Json claim = ClaimOf(Keeping(retain));
    EXPECT_TRUE(IsKeptFor(claim, Service()) == retain);
    const auto dropped = Of<Remove>(Decide(Seen(Service(), {claim}), kNow));
    Json deleted = Keeping(retain);
    deleted["metadata"]["deletionTimestamp"] = kBefore;
    const auto last = Decide(Seen(deleted, {claim}), kNow);
    EXPECT_EQ(dropped.size(), retain ? 0U : 1U);
    EXPECT_EQ(Of<Remove>(last).size(), retain ? 0U : 1U);
    EXPECT_EQ(Of<SetFinalizers>(last).size(), retain ? 1U : 0U);
  }
}

TEST(ReconcileTest, AVolumeThatIsWaitedForIsSaid) {
  Json claim = ClaimOf(Keeping(false));
  for (const auto& [phase, available, said] :
       {std::tuple("Pending", 1, true), std::tuple("Bound", 1, false),
        std::tuple("Pending", 2, false)}) {
    claim["status"]["phase"] = phase;
    const Json deployment = Deployment(available, Seen(Keeping(false)));
    const auto actions = Decide(Seen(Keeping(false), {deployment, claim}), kNow);
    const std::string message = ReadyOf(actions)["message"];
    EXPECT_EQ(message.find("data.volume is not bound") != std::string::npos, said) << message;
  }
  claim["status"]["phase"] = "Pending";
  const auto unnamed = Decide(Seen(Service(), {Deployment(1), claim}), kNow);
  EXPECT_EQ(ReadyOf(unnamed)["message"].get<std::string>().find("bound"), std::string::npos);
}

// Whether or not what the manifest said before could be made.
TEST(ReconcileTest, WhatTheManifestSaysLastDecidesWhetherAVolumeIsKept) {
  const Json claim = ClaimOf(Keeping(false));
  Json kept = Keeping(true);
  kept["metadata"]["deletionTimestamp"] = kBefore;
  Json nowhere = kept;
  nowhere["spec"]["class"] = "microvm";
  Json unreadable = kept;
  unreadable["spec"]["port"] = 0;
  for (const Json& deleted : {kept, nowhere, unreadable}) {
    const auto actions = Decide(Seen(deleted, {Deployment(2), claim}), kNow);
    ASSERT_EQ(actions.size(), 2U) << "the claim is given away, and then the Deployment removed";
    const auto& apply = std::get<Apply>(actions[0]);
    EXPECT_TRUE(apply.there);
    EXPECT_EQ(apply.object["spec"], claim["spec"]);
    EXPECT_FALSE(apply.object["metadata"].contains("ownerReferences"));
    EXPECT_TRUE(IsKeptFor(apply.object, deleted));
    EXPECT_THAT(std::get<Remove>(actions[1]).path, HasSubstr("deployments/web"));
    const auto last = Decide(Seen(deleted, {apply.object}), kNow);
    ASSERT_EQ(last.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<SetFinalizers>(last[0]));
  }
  Json going = claim;
  going["metadata"]["deletionTimestamp"] = kBefore;
  EXPECT_TRUE(Decide(Seen(kept, {going}), kNow).empty());
}

TEST(ReconcileTest, AClaimThatNobodyNamesIsInNobodysWay) {
  Json stray = ClaimOf(Keeping(false));
  stray["metadata"]["ownerReferences"] = OwnedBy("uid-of-before");
  const auto actions = Decide(Seen(Service(), {stray}), kNow);
  EXPECT_EQ(Of<Apply>(actions).size(), 3U);
  EXPECT_TRUE(Of<Remove>(actions).empty());
  EXPECT_EQ(ReadyOf(actions)["reason"], "Progressing");
  const auto named = Decide(Seen(Keeping(false), {stray}), kNow);
  EXPECT_TRUE(Of<Apply>(named).empty());
  EXPECT_EQ(ReadyOf(named)["reason"], "Taken");
}

TEST(ReconcileTest, AVolumeThatWasKeptIsTakenUpAgainByWhoHasItsName) {
  const Json kept = ClaimOf(Keeping(true));
  const auto again = Of<Apply>(Decide(Seen(Keeping(true), {kept}), kNow));
  EXPECT_EQ(again.size(), 3U) << "all but the claim";
  for (const Apply& each : Of<Apply>(Decide(Seen(Keeping(false), {kept}), kNow))) {
    if (each.object["kind"] != "PersistentVolumeClaim") continue;
    EXPECT_TRUE(each.there);
    EXPECT_EQ(each.object["metadata"]["ownerReferences"][0]["uid"], "uid-1");
  }
  Json other = Keeping(true);
  other["metadata"]["name"] = "other";
  EXPECT_FALSE(IsKeptFor(kept, other));
  EXPECT_THAT(Taken(kept).message, HasSubstr("spec.volumes: PersistentVolumeClaim data.volume"));
}

TEST(ReconcileTest, OfADeletedOneTheLastPodGoesBeforeWhatKeepsItFromTheNetwork) {
  std::vector<Json> there;
  for (const Apply& each : Of<Apply>(Decide(Seen(Service()), kNow))) there.push_back(each.object);
  Json resource = Service();
  resource["metadata"]["deletionTimestamp"] = kBefore;
  const auto removes_policy = [](const std::vector<Action>& actions) {
    return std::ranges::any_of(Of<Remove>(actions), [](const Remove& each) {
      return each.path == "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web";
    });
  };
  const auto first = Decide(Seen(resource, there), kNow);
  EXPECT_EQ(Of<Remove>(first).size(), 2U) << "its Deployment, and the Service in front of it";
  EXPECT_FALSE(removes_policy(first));
  for (Json& child : there) child["metadata"]["deletionTimestamp"] = kBefore;
  EXPECT_TRUE(Decide(Seen(resource, there), kNow).empty());
  std::erase_if(there, [](const Json& child) { return child["kind"] != "NetworkPolicy"; });
  ASSERT_EQ(there.size(), 1U);
  there[0]["metadata"].erase("deletionTimestamp");
  const auto last = Decide(Seen(resource, there), kNow);
  EXPECT_EQ(last.size(), 1U);
  EXPECT_TRUE(removes_policy(last));
}

TEST(ReconcileTest, WhatIsToBeLeftByWhoDeletesItIsLeft) {
  Json resource = Keeping(false);
  resource["metadata"]["deletionTimestamp"] = kBefore;
  resource["metadata"]["finalizers"] = Json::array({"strata.dev/controller", "orphan"});
  const std::vector<Json> there = {Deployment(2), ClaimOf(Keeping(false))};
  const auto actions = Decide(Seen(resource, there), kNow);
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(std::get<SetFinalizers>(actions[0]).finalizers, Json::array({"orphan"}));
  resource["metadata"]["finalizers"] = Json::array({"orphan"});
  EXPECT_TRUE(Decide(Seen(resource, there), kNow).empty());
}

TEST(ReconcileTest, OfADeletedOneWhatWasMadeGoesFirst) {
  Json resource = Service();
  resource["metadata"]["deletionTimestamp"] = kBefore;
  Json going = Deployment(2);
  going["metadata"]["uid"] = "uid-2";
  going["metadata"]["resourceVersion"] = "8";
  const auto first = Decide(Seen(resource, {going}), kNow);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(std::get<Remove>(first[0]).path, "/apis/apps/v1/namespaces/shop/deployments/web");
  EXPECT_EQ(std::get<Remove>(first[0]).uid, "uid-2");
  EXPECT_EQ(std::get<Remove>(first[0]).version, "8");
  going["metadata"]["deletionTimestamp"] = kBefore;
  EXPECT_TRUE(Decide(Seen(resource, {going}), kNow).empty());
  const auto last = Decide(Seen(resource), kNow);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(std::get<SetFinalizers>(last[0]).finalizers, Json::array({"another"}));
  resource["metadata"]["finalizers"] = Json::array({"another"});
  EXPECT_TRUE(Decide(Seen(resource), kNow).empty());
}

}  // namespace
}  // namespace strata::kube::controller
