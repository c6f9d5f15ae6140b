#include "advisor/report/kinds.h"

#include <string>

#include <gtest/gtest.h>

#include "advisor/facts/facts.h"
#include "base/text/json.h"

namespace strata::advisor {
namespace {

void ExpectChinese(const Json& kind) {
  const Text text = KindText(kind.get_ref<const std::string&>());
  EXPECT_FALSE(text.zh.empty()) << kind;
  EXPECT_EQ(text.en, kind.get<std::string>());
}

TEST(KindsTest, EveryKindOfTheFactsHasAChineseWord) {
  for (const Json& model : Facts(FactFile::kModels).at("models")) ExpectChinese(model.at("kind"));
  for (const Json& entity : Facts(FactFile::kGraph).at("entities"))
    ExpectChinese(entity.at("type"));
  for (const Json& diagram : Facts(FactFile::kGraph).at("diagrams")) {
    ExpectChinese(diagram.at("kind"));
    for (const Json& node : diagram.at("nodes")) {
      if (node.is_object() && node.contains("type")) ExpectChinese(node.at("type"));
    }
  }
  for (const Json& version : Facts(FactFile::kVersions).at("versions")) {
    ExpectChinese(version.at("layer"));
  }
  for (const Json& matrix : Facts(FactFile::kMatrices).at("matrices"))
    ExpectChinese(matrix.at("id"));
  EXPECT_TRUE(KindText("nothing of the kind").zh.empty());
}

}  // namespace
}  // namespace strata::advisor
