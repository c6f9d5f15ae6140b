#include "model/manifest/local_paths.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace strata::model {
namespace {

Resource FunctionOf(const std::string& artifact, std::vector<DirGrant> dirs = {}) {
  Resource resource;
  resource.metadata.name = "f";
  FunctionSpec spec;
  spec.workload.artifact = artifact;
  spec.workload.grants.dirs = std::move(dirs);
  resource.spec = spec;
  return resource;
}

TEST(LocalPathsTest, PathsBecomeAbsolute) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"./f.wasm", "/home/u/f.wasm"},
      {"../x/./f.wasm", "/home/x/f.wasm"},
      {"/f.wasm", "/f.wasm"},
      {"../../../f", "/f"},
      {"oci:layout", "oci:/home/u/layout"},
      {"oci:./layout:v1", "oci:/home/u/layout:v1"},
      {"oci:/layout@sha256:00", "oci:/layout@sha256:00"},
      {"oci-archive:./a.tar", "oci-archive:/home/u/a.tar"},
      {"docker-archive:../a.tar:host/b/../app:1.0", "docker-archive:/home/a.tar:host/b/../app:1.0"},
      {"oci://host/app", "oci://host/app"},
  };
  for (const auto& [before, after] : cases) {
    Resource resource = FunctionOf(before);
    ResolveLocalPaths(resource, "/home/u");
    EXPECT_EQ(resource.workload()->artifact, after);
    EXPECT_TRUE(RequireResolvedPaths(resource)) << after;
  }
}

TEST(LocalPathsTest, EveryVariantsPathBecomesAbsolute) {
  Resource resource = FunctionOf("");
  auto& variants = std::get<FunctionSpec>(resource.spec).workload.variants;
  variants = {{"./f.wasm"}, {"oci:./layout:v1"}};
  EXPECT_FALSE(RequireResolvedPaths(resource));
  ResolveLocalPaths(resource, "/home/u");
  EXPECT_EQ(variants, (std::vector<Variant>{{"/home/u/f.wasm"}, {"oci:/home/u/layout:v1"}}));
  EXPECT_TRUE(RequireResolvedPaths(resource));
}

TEST(LocalPathsTest, DirectoriesBecomeAbsoluteAndScratchStaysEmpty) {
  Resource resource = FunctionOf("/f", {{"data/", "/data", DirGrant::Mode::kReadOnly},
                                        {"", "/tmp", DirGrant::Mode::kScratch}});
  ResolveLocalPaths(resource, "/home/u");
  EXPECT_EQ(resource.workload()->grants.dirs[0].host, "/home/u/data");
  EXPECT_EQ(resource.workload()->grants.dirs[1].host, "");
  EXPECT_TRUE(RequireResolvedPaths(resource));
}

TEST(LocalPathsTest, WhatIsNotResolvedIsRefused) {
  for (const std::string artifact : {"./f", "../f", "/a/../f", "/a/./f", "oci:f", "oci:/a/../f",
                                     "oci-archive:f", "oci-archive:/a/../f:1"}) {
    const auto resolved = RequireResolvedPaths(FunctionOf(artifact));
    ASSERT_FALSE(resolved) << artifact;
    EXPECT_EQ(resolved.error().code, Errc::kInvalidArgument);
  }
  EXPECT_FALSE(
      RequireResolvedPaths(FunctionOf("/f", {{"/a/../etc", "/data", DirGrant::Mode::kReadOnly}})));
}

TEST(LocalPathsTest, ARouteHasNoLocalPaths) {
  Resource route;
  route.spec = RouteSpec{};
  const Resource before = route;
  ResolveLocalPaths(route, "/home/u");
  EXPECT_EQ(route, before);
  EXPECT_TRUE(RequireResolvedPaths(route));
}

}  // namespace
}  // namespace strata::model
