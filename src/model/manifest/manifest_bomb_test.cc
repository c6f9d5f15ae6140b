// Hostile texts: each must be refused soon, with a clear error and little memory.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/manifest/manifest.h"
#include "model/schema/yaml.h"

namespace strata::model {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Repeat(const std::string& text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string ErrorOf(const std::string& text) {
  auto resources = ParseManifests(text, "bomb.yaml");
  EXPECT_FALSE(resources);
  return resources ? "" : resources.error().message;
}

TEST(ManifestBombTest, AManifestOf100MegabytesIsRefusedBySize) {
  EXPECT_THAT(ErrorOf(std::string(100 << 20, 'a')), HasSubstr("104857600 bytes is too large"));
}

TEST(ManifestBombTest, AnAliasBombIsRefusedAtItsFirstAnchor) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    const std::string name = "a" + std::to_string(i);
    bomb += name + ": &" + name + " [" + Repeat(last + ", ", 9) + last + "]\n";
  }
  EXPECT_EQ(ErrorOf(bomb), "bomb.yaml:1:5: anchors are not allowed in a manifest");
}

TEST(ManifestBombTest, AMergeKeyNeedsAnAliasAndIsRefused) {
  EXPECT_THAT(ErrorOf("a: {<<: *b}"), HasSubstr("bomb.yaml:1:"));
}

TEST(ManifestBombTest, DeepNestingIsRefused) {
  EXPECT_THAT(ErrorOf("a: " + Repeat("[", 40) + Repeat("]", 40)),
              HasSubstr("nested deeper than 32 levels"));
  EXPECT_THAT(ErrorOf(Repeat("- ", 1'000'000)), HasSubstr("nested deeper than 32 levels"));
  EXPECT_THAT(ErrorOf("a: " + Repeat("{a: ", 1'000'000)), HasSubstr("bomb.yaml:1:"));
  EXPECT_FALSE(ErrorOf(Repeat("[", 4'000'000)).empty());
  EXPECT_FALSE(ErrorOf(Repeat("? ", 2'000'000)).empty());
}

TEST(ManifestBombTest, TooManyValuesAreRefused) {
  EXPECT_THAT(ErrorOf("[" + Repeat("1, ", 200'000) + "1]"), HasSubstr("more than 100000 values"));
  EXPECT_THAT(ErrorOf(Repeat("--- a\n", 200'000)), HasSubstr("more than 100000 values"));
}

TEST(ManifestBombTest, NoMoreThan100ProblemsAreKept) {
  EXPECT_THAT(ReadManifests(Repeat("--- a\n", 10'000), "bomb.yaml").problems, SizeIs(100));
}

TEST(ManifestBombTest, ALongValueIsCutInTheMessage) {
  EXPECT_LT(ErrorOf("apiVersion: " + std::string(1 << 20, 'x')).size(), 10'000U);
}

TEST(ManifestBombTest, TextThatIsNoUtf8IsRefusedWhereItStarts) {
  EXPECT_EQ(ErrorOf("a: 1\nb: \xff"), "bomb.yaml:2:4: not valid UTF-8");
  EXPECT_EQ(ErrorOf(std::string("a\0b", 3)), "bomb.yaml:1:2: control character");
  EXPECT_EQ(ErrorOf("\xff\xfe"), "bomb.yaml:1:1: not valid UTF-8");         // UTF-16
  EXPECT_EQ(ErrorOf("a: \xc0\xaf"), "bomb.yaml:1:4: not valid UTF-8");      // overlong
  EXPECT_EQ(ErrorOf("a: \xed\xa0\x80"), "bomb.yaml:1:4: not valid UTF-8");  // surrogate
  EXPECT_EQ(ErrorOf("a: \xf4\x90\x80\x80"), "bomb.yaml:1:4: not valid UTF-8");
}

TEST(ManifestBombTest, EveryPrefixOfAManifestGivesAnAnswer) {
  const std::string text =
      "apiVersion: strata.dev/v1alpha1\nkind: Function\nmetadata: {name: \"f\"}\n"
      "spec:\n  artifact: './f.wasm'\n  env: {A: |\n    x\n  }\n  triggers:\n    - http: {path: "
      "/a}\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const Manifests manifests = ReadManifests(text.substr(0, size), "bomb.yaml");
    EXPECT_TRUE(!manifests.problems.empty() || !manifests.resources.empty()) << size;
  }
}

TEST(YamlTest, RemembersWhatWasQuoted) {
  Problems problems("f.yaml");
  const auto documents = schema::ReadYaml("- 1\n- \"1\"\n- '1'\n- |\n  1\n- a\n", problems);
  ASSERT_THAT(documents, SizeIs(1)) << (problems.size() > 0 ? problems.Take()[0].message : "");
  std::string quoted;
  for (const auto& item : documents[0].root.items) quoted += item.quoted ? 'q' : 'p';
  EXPECT_EQ(quoted, "pqqqp");
}

TEST(YamlTest, PlainScalarsHaveTheTypeThatAnyReaderCouldSee) {
  using schema::PlainType;
  using schema::TypeOfPlain;
  for (const char* text : {"", "~", "null", "NULL"}) EXPECT_EQ(TypeOfPlain(text), PlainType::kNull);
  for (const char* text : {"true", "False", "yes", "NO", "on", "Off", "y", "N"}) {
    EXPECT_EQ(TypeOfPlain(text), PlainType::kBoolean) << text;
  }
  for (const char* text : {"0", "-1", "+3", "1.5", ".5", "1e9", "1.5E-3", "0x1F", "0o7", "1_000",
                           ".inf", "-.INF", ".nan", "007"}) {
    EXPECT_EQ(TypeOfPlain(text), PlainType::kNumber) << text;
  }
  for (const char* text : {"a", ".", "..", "./a", ".a", "-", "1.2.3", "64Mi", "1e", "0xg", "e5",
                           "127.0.0.1", "sha256", "v1", "-a"}) {
    EXPECT_EQ(TypeOfPlain(text), PlainType::kString) << text;
  }
}

}  // namespace
}  // namespace strata::model
