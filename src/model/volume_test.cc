#include "model/volume.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "model/manifest/manifest.h"
#include "model/resource.h"

namespace strata::model {
namespace {

using Mode = DirGrant::Mode;

constexpr std::string_view kHead = R"(apiVersion: strata.dev/v1alpha1
kind: Service
metadata: {name: db}
spec:
  artifact: ./db.tar
)";

Manifests Read(const std::string& rest) {
  return ReadManifests(std::string(kHead) + rest, "db.yaml");
}

// Every problem, a line each.
std::string ProblemsOf(const std::string& rest) {
  std::string all;
  for (const Diagnostic& problem : Read(rest).problems) all += problem.ToString() + "\n";
  return all;
}

TEST(VolumeTest, EachKindBecomesADirectory) {
  const auto read = Read(R"(  grants: {dirs: [{guest: /scratch, mode: scratch}]}
  volumes:
    - {name: data, named: {volume: db-data, size_mib: 64, retain: true}}
    - {name: etc, host: {path: /etc/db}}
    - {name: shared, host: {path: /srv, read_only: false}}
    - {name: tmp, tmpfs: {size_mib: 8}}
  mounts:
    - {volume: data, mount: /var/lib/db}
    - {volume: data, mount: /backup, read_only: true}
    - {volume: etc, mount: /etc/db}
    - {volume: shared, mount: /srv}
    - {volume: tmp, mount: /run/db}
)");
  ASSERT_TRUE(read.problems.empty()) << read.problems.front().ToString();
  const Workload& workload = *read.resources.at(0).workload();
  EXPECT_EQ(workload.volumes.at(0).named->size, Bytes::MiB(64));
  EXPECT_TRUE(workload.volumes.at(0).named->retain);
  const Grants grants =
      GrantsOf(workload, [](std::string_view volume) { return "/v/" + std::string(volume); });
  const std::vector<DirGrant> expected = {
      {.host = "", .guest = "/scratch", .mode = Mode::kScratch},
      {.host = "/v/db-data", .guest = "/var/lib/db", .mode = Mode::kVolume},
      {.host = "/v/db-data", .guest = "/backup", .mode = Mode::kVolumeReadOnly},
      {.host = "/etc/db", .guest = "/etc/db", .mode = Mode::kReadOnly},
      {.host = "/srv", .guest = "/srv", .mode = Mode::kReadWrite},
      {.host = "", .guest = "/run/db", .mode = Mode::kScratch, .size = Bytes::MiB(8)},
  };
  EXPECT_EQ(grants.dirs, expected);
}

TEST(VolumeTest, WhatIsWrittenIsReadAgain) {
  const auto read = Read(R"(  volumes:
    - {name: data, named: {volume: v, size_mib: 8}}
    - {name: etc, host: {path: /etc/db, read_only: false}}
  mounts: [{volume: data, mount: /d}, {volume: etc, mount: /e, read_only: true}]
)");
  ASSERT_TRUE(read.problems.empty()) << read.problems.front().ToString();
  const auto again = ReadManifests(ResourceToYaml(read.resources.at(0)), "again.yaml");
  ASSERT_TRUE(again.problems.empty()) << again.problems.front().ToString();
  EXPECT_EQ(again.resources.at(0), read.resources.at(0));
}

TEST(VolumeTest, MistakesAreNamedWhereTheyAre) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"tmpfs: {size: 8}",
       "db.yaml:6:31: spec.volumes[0].tmpfs: unknown field 'size'; did you mean 'size_mib'?"},
      {"tmpfs: {size_mib: 0}",
       "db.yaml:6:41: spec.volumes[0].tmpfs.size_mib: is 0; must be a whole number of MiB from 1 "
       "to "
       "1048576"},
      {"host: {path: /x, read_only: yes}",
       "db.yaml:6:51: spec.volumes[0].host.read_only: expected true or false, got the boolean "
       "'yes'"},
      {"tmpfs: {size_mib: 1}, host: {path: /x}",
       "db.yaml:6:13: spec.volumes[0]: has to be one of 'named', 'host' and 'tmpfs'"},
  };
  for (const auto& [volume, problem] : cases) {
    const std::string problems =
        ProblemsOf("  volumes: [{name: a, " + volume + "}]\n  mounts: [{volume: a, mount: /a}]\n");
    EXPECT_TRUE(problems.contains(problem)) << problems;
  }
}

TEST(VolumeTest, MountsFitTheVolumes) {
  const std::string a = "{name: a, tmpfs: {size_mib: 1}}";
  const auto expect = [](const std::string& volumes, const std::string& mounts,
                         const std::string& problem) {
    const std::string problems =
        ProblemsOf("  volumes: [" + volumes + "]\n  mounts: [" + mounts + "]\n");
    EXPECT_TRUE(problem.empty() ? problems.empty() : problems.contains(problem)) << problems;
  };
  expect(a, "{volume: a, mount: /a}", "");
  expect(a, "{volume: b, mount: /a}", "spec.mounts[0]: there is no volume 'b'");
  expect(a, "", "spec.volumes[0]: the volume 'a' is mounted nowhere");
  expect(a + ", " + a, "{volume: a, mount: /a}", "spec.volumes[1]: two volumes 'a'");
  expect(a, "{volume: a, mount: /a}, {volume: a, mount: /a/b}", "'/a/b' lies in '/a'");
  expect(a, "{volume: a, mount: /a/b}, {volume: a, mount: /a}", "'/a/b' lies in '/a'");
  expect(a, "{volume: a, mount: /a}, {volume: a, mount: /a}", "two directories at '/a'");
  expect(a, "{volume: a, mount: /a, read_only: true}", "stays empty");
  expect(a, "{volume: a, mount: a}", "must be an absolute path");
  expect(a, "{volume: a, mount: /proc}", "which is the sandbox's own");
}

}  // namespace
}  // namespace strata::model
