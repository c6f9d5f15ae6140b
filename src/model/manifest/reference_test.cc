#include "model/manifest/reference.h"

#include <cstddef>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text/json.h"
#include "model/manifest/manifest.h"
#include "model/resource.h"
#include "model/schema/meanings.h"
#include "model/values.h"

namespace strata::model {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

std::string Page() {
  std::ifstream file(STRATA_TREE "/docs/manifest.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

Json RowOf(std::string_view part, std::string_view field) {
  for (const Json& row : FieldReferenceToJson()) {
    if (row["part"] == part && row["field"] == field) return row;
  }
  return {};
}

TEST(ReferenceTest, ThePageIsWhatIsMade) {
  EXPECT_TRUE(Page().ends_with("-->\n\n" + FieldReference()))
      << "run: strata fields, and put it below the comment in docs/manifest.md";
}

// That each field has a meaning the reference itself checks.
TEST(ReferenceTest, EachMeaningIsOfAFieldAndFitsIntoACell) {
  std::set<std::pair<std::string, std::string>> fields;
  for (const Json& row : FieldReferenceToJson()) fields.emplace(row["part"], row["field"]);
  std::set<std::pair<std::string, std::string>> seen;
  for (const schema::Meaning& each : schema::Meanings()) {
    const std::pair<std::string, std::string> field(each.part, each.path);
    EXPECT_THAT(fields, Contains(field));
    EXPECT_TRUE(seen.insert(field).second) << each.path << " has two";
    EXPECT_FALSE(each.text.empty() || each.text.contains('|') || each.text.contains('\n'))
        << each.path;
  }
}

TEST(ReferenceTest, SaysDefaultsRangesAndUnits) {
  EXPECT_EQ(RowOf("workload", "limits.memory_mib")["values"], "1 to 4096 MiB");
  EXPECT_EQ(RowOf("workload", "limits.memory_mib")["default"], "`64`");
  EXPECT_EQ(RowOf("workload", "class")["default"], "`auto`");
  EXPECT_EQ(RowOf("workload", "volumes[].host.read_only")["default"], "`true`");
  EXPECT_EQ(RowOf("workload", "slo.availability")["values"], "1.0 to 99.9999 %");
  EXPECT_EQ(RowOf("match", "path")["default"], "required");
  EXPECT_EQ(RowOf("probe", "period_ms")["default"], "`10000`");
}

// These are filled in beside the fields' codecs, and written down a second time.
TEST(ReferenceTest, DefaultsOfAServicesScaleAreThoseThatItGets) {
  EXPECT_EQ(RowOf("Service", "scale.min")["default"],
            "`" + std::to_string(*kServiceScale.min) + "`");
  EXPECT_EQ(RowOf("Service", "scale.max")["default"],
            "`" + std::to_string(*kServiceScale.max) + "`, or `min`");
  EXPECT_EQ(RowOf("Service", "scale.concurrency")["default"],
            "`" + std::to_string(*kServiceScale.concurrency) + "`");
  EXPECT_EQ(RowOf("Service", "replicas")["default"],
            "`" + std::to_string(ServiceSpec().most()) + "`");
}

// The page begins with a manifest of each kind.
TEST(ReferenceTest, ThePagesManifestsAreValid) {
  const std::string page = Page();
  std::set<Kind> kinds;
  constexpr std::string_view kBegin = "```yaml\n";
  for (std::size_t at = page.find(kBegin); at != std::string::npos; at = page.find(kBegin, at)) {
    at += kBegin.size();
    const std::string text = page.substr(at, page.find("```", at) - at);
    const Manifests manifests = ReadManifests(text, "manifest.md");
    EXPECT_THAT(manifests.problems, IsEmpty()) << text;
    for (const Resource& resource : manifests.resources) kinds.insert(resource.kind());
  }
  EXPECT_EQ(kinds, (std::set{Kind::kFunction, Kind::kService, Kind::kRoute}));
}

}  // namespace
}  // namespace strata::model
