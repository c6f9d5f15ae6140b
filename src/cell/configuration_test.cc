#include "cell/configuration.h"

#include <gtest/gtest.h>

namespace strata::cell {
namespace {

Configure Granting(model::DirGrant dir) {
  Configure configure;
  Function function;
  function.tenant = "shop";
  function.name = "thumb";
  function.grants.dirs = {std::move(dir)};
  configure.functions = {function};
  return configure;
}

TEST(CheckGrantsTest, ADirectoryMustLieBelowAnAllowedOne) {
  using Mode = model::DirGrant::Mode;
  const AllowedPaths allowed{.read_only = {"/srv/data", "/opt/"}};
  for (const char* good : {"/srv/data", "/srv/data/deep/er", "/opt/x"}) {
    EXPECT_TRUE(CheckGrants(Granting({good, "/data", Mode::kReadOnly}), allowed, "")) << good;
  }
  for (const char* bad : {"/srv", "/srv/database", "/", "/etc"}) {
    const auto refused = CheckGrants(Granting({bad, "/data", Mode::kReadOnly}), allowed, "");
    ASSERT_FALSE(refused.has_value()) << bad;
    EXPECT_EQ(refused.error().code, Errc::kFailedPrecondition);
    EXPECT_NE(refused.error().message.find("shop/thumb"), std::string::npos);
  }
}

TEST(CheckGrantsTest, ScratchNeedsARoot) {
  const auto scratch = Granting({"", "/tmp", model::DirGrant::Mode::kScratch});
  EXPECT_FALSE(CheckGrants(scratch, {}, "").has_value());
  EXPECT_TRUE(CheckGrants(scratch, {}, "/scratch").has_value());
}

TEST(CheckGrantsTest, ScratchOfASizeMustBeThere) {
  auto scratch =
      Granting({.guest = "/tmp", .mode = model::DirGrant::Mode::kScratch, .size = 4_MiB});
  EXPECT_EQ(CheckGrants(scratch, {}, "/scratch").error().code, Errc::kFailedPrecondition);
  EXPECT_FALSE(CheckGrants(scratch, {.scratch = {{7, 1, 2_MiB}}}, "").has_value());
  EXPECT_TRUE(CheckGrants(scratch, {.scratch = {{7, 1, 2_MiB}, {8, 1, 4_MiB}}}, "").has_value());
}

TEST(CheckGrantsTest, AVolumeMustBeThereAsItIsGranted) {
  using Mode = model::DirGrant::Mode;
  const auto reads = Granting({"/v/db.img", "/data", Mode::kVolumeReadOnly});
  EXPECT_EQ(CheckGrants(reads, {}, "").error().code, Errc::kFailedPrecondition);
  EXPECT_FALSE(CheckGrants(reads, {.volumes = {{7, Mode::kVolume, "/v/db.img"}}}, ""));
  EXPECT_TRUE(CheckGrants(reads, {.volumes = {{7, Mode::kVolumeReadOnly, "/v/db.img"}}}, ""));
  // Whoever was granted one that could not be mounted fails alone.
  EXPECT_TRUE(CheckGrants(reads, {.volumes = {{-1, Mode::kVolumeReadOnly, "/v/db.img"}}}, ""));
}

TEST(CheckGrantsTest, AVolumeThatIsNotNamedIsNotHeld) {
  using Mode = model::DirGrant::Mode;
  const AllowedPaths allowed{.volumes = {{7, Mode::kVolume, "/v/db.img"}}};
  EXPECT_TRUE(CheckGrants(Granting({"/v/db.img", "/data", Mode::kVolume}), allowed, ""));
  const auto refused = CheckGrants(Configure{}, allowed, "");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kFailedPrecondition);
}

TEST(ToPlanSpecTest, EverythingIsCarriedOver) {
  Configure configure = Granting({"/srv", "/data", model::DirGrant::Mode::kReadOnly});
  configure.generation = 9;
  configure.functions[0].module = "k";
  configure.functions[0].service = true;
  configure.functions[0].limits.concurrency = 7;
  configure.functions[0].env = {{"A", "b"}};
  configure.functions[0].target = "@3";
  configure.routes = {{.host = "h",
                       .path = "/p",
                       .methods = {"GET"},
                       .headers = {{"x-env", "test"}},
                       .split = "x-user",
                       .backends = {{0, 5, true}},
                       .refused = true,
                       .mirror = Mirror{0, 9}}};
  configure.observe = {false, true, 0.5, true};
  const route::PlanSpec spec = ToPlanSpec(configure);
  EXPECT_EQ(spec.generation, 9u);
  ASSERT_EQ(spec.functions.size(), 1u);
  EXPECT_EQ(spec.functions[0].module, "k");
  EXPECT_TRUE(spec.functions[0].service);
  EXPECT_EQ(spec.functions[0].limits, configure.functions[0].limits);
  EXPECT_EQ(spec.functions[0].env, configure.functions[0].env);
  EXPECT_EQ(spec.functions[0].grants, configure.functions[0].grants);
  ASSERT_EQ(spec.rules.size(), 1u);
  EXPECT_EQ(spec.functions[0].target, "@3");
  EXPECT_EQ(spec.rules[0].backends, (std::vector<route::Backend>{{0, 5, true}}));
  EXPECT_EQ(spec.rules[0].headers, (std::vector<model::HeaderMatch>{{"x-env", "test"}}));
  EXPECT_EQ(spec.rules[0].split, "x-user");
  EXPECT_EQ(spec.rules[0].mirror, (route::Mirror{0, 9}));
  EXPECT_TRUE(spec.rules[0].refused);
  EXPECT_FALSE(spec.observe.access_log);
  EXPECT_TRUE(spec.observe.server_timing);
}

}  // namespace
}  // namespace strata::cell
