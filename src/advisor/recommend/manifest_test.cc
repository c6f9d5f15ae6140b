#include "advisor/recommend/manifest.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/result.h"
#include "model/artifact_reference.h"
#include "model/manifest/manifest.h"
#include "model/manifest/yaml_writer.h"
#include "scheduler/placing/strategy.h"

namespace strata::advisor {
namespace {

using model::Class;
using model::Level;

constexpr std::string_view kTheirs = R"(apiVersion: strata.dev/v1alpha1
kind: Function
metadata: {name: pay, namespace: shop, labels: {team: money}}
spec:
  ARTIFACT
  limits: {memory_mib: 96, timeout_ms: 2500}
  env: {CURRENCY: CNY}
  slo: {p99_ms: 5, qps: 40}
  triggers: [{http: {path: /v1/pay, methods: [POST]}}]
)";

model::Resource Theirs(const std::string& artifact) {
  std::string text(kTheirs);
  text.replace(text.find("ARTIFACT"), 8, artifact);
  auto parsed = model::ParseManifests(text, "theirs");
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  return parsed->front();
}

model::Resource Parsed(const Manifest& manifest) {
  auto parsed = model::ParseManifests(model::ToYaml(manifest.value), "ours");
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  return parsed->front();
}

TEST(ManifestTest, OnlyTheClassOfTheUsersManifestIsSet) {
  const model::Resource theirs = Theirs("artifact: ./pay.wasm");
  const Manifest kept =
      KeepManifest(theirs, theirs.metadata.name, "", {.sandbox_class = Class::kWasm});
  model::Resource expected = theirs;
  std::get<model::FunctionSpec>(expected.spec).workload.sandbox_class = Class::kWasm;
  EXPECT_EQ(Parsed(kept), expected);
  EXPECT_TRUE(kept.notes.empty());
}

// For every class and whatever the artifacts are: a class that stands in the manifest may be used
// and can run one of them, and where it is not the recommended one the notes say so.
TEST(ManifestTest, AClassHasAnArtifactThatItCanRun) {
  const std::vector<std::string> artifacts = {
      "artifact: ./pay.wasm", "artifact: 'oci:./pay'", "artifact: 'docker-archive:./pay.tar'",
      "variants: [{artifact: ./pay.wasm}, {artifact: 'oci:./pay'}]"};
  for (const Level security : {Level::kLow, Level::kMedium, Level::kHigh}) {
    for (const Class each : {Class::kWasm, Class::kContainer, Class::kAppkernel, Class::kMicrovm}) {
      const model::Requires asked{.security = security};
      if (!scheduler::BelowFloor(asked, each).empty()) continue;
      for (const std::string& artifact : artifacts) {
        const Manifest kept =
            KeepManifest(Theirs(artifact), "pay", "", {.sandbox_class = each, .asked = asked});
        const model::Workload workload = *Parsed(kept).workload();
        EXPECT_EQ(workload.requires_, asked);
        EXPECT_EQ(kept.notes.empty(), workload.sandbox_class == each) << artifact;
        if (!workload.sandbox_class) continue;
        EXPECT_EQ(scheduler::BelowFloor(asked, *workload.sandbox_class), "");
        bool fits = false;
        for (const auto& named : model::ArtifactsOf(workload)) {
          const auto kind = model::KindSpelled(named.reference);
          fits = fits || !kind || *kind == model::VariantFor(*workload.sandbox_class);
        }
        EXPECT_TRUE(fits) << artifact;
      }
    }
  }
}

TEST(ManifestTest, AModuleIsNotPutIntoAMachine) {
  const Manifest kept =
      KeepManifest(Theirs("artifact: ./pay.wasm"), "pay", "",
                   {.sandbox_class = Class::kMicrovm, .asked = {.security = Level::kHigh}});
  EXPECT_FALSE(Parsed(kept).workload()->sandbox_class.has_value());
  ASSERT_EQ(kept.notes.size(), 1U);
  EXPECT_TRUE(kept.notes[0].en.contains("spec.variants")) << kept.notes[0].en;
  // Where a module may run after all, that is the class.
  const Manifest other =
      KeepManifest(Theirs("artifact: ./pay.wasm"), "pay", "", {.sandbox_class = Class::kContainer});
  EXPECT_EQ(Parsed(other).workload()->sandbox_class, Class::kWasm);
}

TEST(ManifestTest, WhatTheClassDoesNotTakeLeavesItAsItWas) {
  model::Resource theirs = Theirs("variants: [{artifact: ./pay.wasm}, {artifact: 'oci:./pay'}]");
  std::get<model::FunctionSpec>(theirs.spec).scale.min = 2;
  const Manifest kept = KeepManifest(theirs, "pay", "", {.sandbox_class = Class::kWasm});
  EXPECT_FALSE(Parsed(kept).workload()->sandbox_class.has_value());
  ASSERT_EQ(kept.notes.size(), 1U);
  EXPECT_TRUE(kept.notes[0].en.contains("scale")) << kept.notes[0].en;
}

TEST(ManifestTest, APairEndsWhereItsClassDoes) {
  model::Resource theirs = Theirs("artifact: 'oci:./pay'");
  auto& workload = std::get<model::FunctionSpec>(theirs.spec).workload;
  workload.sandbox_class = Class::kContainer;
  workload.within = Class::kMicrovm;
  const Choice stays{.sandbox_class = Class::kContainer};
  EXPECT_EQ(Parsed(KeepManifest(theirs, "pay", "", stays)).workload()->within, Class::kMicrovm);
  const Choice goes{.sandbox_class = Class::kMicrovm};
  const Manifest kept = KeepManifest(theirs, "pay", "", goes);
  EXPECT_EQ(Parsed(kept).workload()->within, std::nullopt);
  EXPECT_EQ(kept.notes.size(), 1U);
}

TEST(ManifestTest, AMemoryThatTheClassCannotGiveBecomesTheNextThatItCan) {
  const auto kept_with = [](Class sandbox_class, std::uint64_t mib) {
    model::Resource theirs = Theirs("artifact: 'oci:./pay'");
    std::get<model::FunctionSpec>(theirs.spec).workload.limits.memory = Bytes::MiB(mib);
    return KeepManifest(theirs, "pay", "", {.sandbox_class = sandbox_class});
  };
  const auto memory = [](const Manifest& kept) { return Parsed(kept).workload()->limits.memory; };
  const Manifest raised = kept_with(Class::kAppkernel, 32);
  EXPECT_EQ(memory(raised), 64_MiB);
  ASSERT_EQ(raised.notes.size(), 1U);
  EXPECT_EQ(raised.notes[0].en,
            "limits.memory_mib is 64, the least that appkernel can give; the manifest says 32");
  const Manifest lowered = kept_with(Class::kMicrovm, 512);
  EXPECT_EQ(memory(lowered), 448_MiB);
  ASSERT_EQ(lowered.notes.size(), 1U);
  EXPECT_TRUE(lowered.notes[0].en.contains("the most that microvm can give; the manifest says 512"))
      << lowered.notes[0].en;
  const Manifest same = kept_with(Class::kContainer, 16);
  EXPECT_EQ(memory(same), 16_MiB);
  EXPECT_TRUE(same.notes.empty());
}

TEST(ManifestTest, WhatWasSaidGoesIntoIt) {
  const std::vector<model::Device> devices = {{.kind = model::DeviceKind::kGpu, .id = ""},
                                              {.kind = model::DeviceKind::kUsb, .id = "1050:0407"}};
  const Choice choice{
      .sandbox_class = Class::kMicrovm, .asked = {.security = Level::kHigh}, .devices = devices};
  const model::Resource kept =
      Parsed(KeepManifest(Theirs("artifact: ./pay.wasm"), "other", "oci:./other", choice));
  EXPECT_EQ(kept.metadata.name, "other");
  EXPECT_EQ(kept.workload()->artifact, "oci:./other");
  EXPECT_EQ(kept.workload()->devices, devices);
  for (const bool function : {true, false}) {
    const Manifest made = NewManifest("app", "oci:./app", function, choice);
    const model::Resource resource = Parsed(made);
    EXPECT_TRUE(made.notes.empty());
    EXPECT_EQ(resource.kind(), function ? model::Kind::kFunction : model::Kind::kService);
    EXPECT_EQ(resource.workload()->devices, devices);
    EXPECT_EQ(resource.workload()->sandbox_class, Class::kMicrovm);
    EXPECT_EQ(resource.workload()->requires_, choice.asked);
  }
}

TEST(ManifestTest, WhatWasSaidOfLatencyAndLoadIsTheSloOfANewOne) {
  const Choice choice{.latency_ms = 5.9, .launches_per_second = 0.5};
  const Manifest function = NewManifest("app", "oci:./app", true, choice);
  EXPECT_TRUE(function.notes.empty());
  const model::Slo bounds{.p99 = std::chrono::milliseconds(5), .qps = 1};
  EXPECT_EQ(Parsed(function).workload()->slo, bounds) << "whole, and none weaker";
  const Manifest service = NewManifest("app", "oci:./app", false, choice);
  EXPECT_EQ(Parsed(service).workload()->slo, (model::Slo{.p99 = bounds.p99}));
  EXPECT_FALSE(NewManifest("app", "oci:./app", true, {}).value.at("spec").contains("slo"));
  const model::Resource theirs = Theirs("artifact: 'oci:./pay'");
  EXPECT_EQ(Parsed(KeepManifest(theirs, "pay", "", choice)).workload()->slo, theirs.workload()->slo)
      << "it is the user's";
}

TEST(ManifestTest, AFigureThatNoSloTakesIsLeftOutAndSaid) {
  for (const double latency : {0.0, 0.5, 4e6, 1e300}) {
    const Manifest made = NewManifest("app", "oci:./app", true, {.latency_ms = latency});
    EXPECT_EQ(Parsed(made).workload()->slo, model::Slo());
    ASSERT_EQ(made.notes.size(), 1U);
    EXPECT_TRUE(made.notes[0].en.starts_with("latency_ms = ")) << made.notes[0].en;
    EXPECT_TRUE(made.notes[0].en.contains("from 1 to 3600000")) << made.notes[0].en;
  }
}

TEST(ManifestTest, APlaceHolderIsSaidToBeOne) {
  for (const Class each : {Class::kWasm, Class::kContainer, Class::kAppkernel, Class::kMicrovm}) {
    const Manifest made = NewManifest("app", "", true, {.sandbox_class = each});
    EXPECT_EQ(Parsed(made).workload()->sandbox_class, each);
    ASSERT_EQ(made.notes.size(), 1U);
    EXPECT_TRUE(made.notes[0].en.contains("place-holder"));
  }
}

}  // namespace
}  // namespace strata::advisor
