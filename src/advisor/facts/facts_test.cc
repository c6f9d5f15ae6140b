#include "advisor/facts/facts.h"

#include <cstddef>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace strata::advisor {
namespace {

std::size_t CellsOf(const Json& matrices) {
  std::size_t cells = 0;
  for (const Json& matrix : matrices) {
    for (const Json& row : matrix.at("rows")) cells += row.size();
  }
  return cells;
}

TEST(FactsTest, NothingIsLost) {
  EXPECT_EQ(Facts(FactFile::kConcepts).at("concepts").size(), 6U);
  EXPECT_EQ(Facts(FactFile::kMatrices).at("matrices").size(), 8U);
  EXPECT_EQ(CellsOf(Facts(FactFile::kMatrices).at("matrices")), 270U);
  EXPECT_EQ(Facts(FactFile::kDecisions).at("trees").size(), 6U);
  EXPECT_EQ(Facts(FactFile::kModels).at("models").size(), 50U);
  EXPECT_EQ(Facts(FactFile::kGraph).at("diagrams").size(), 26U);
  EXPECT_EQ(Facts(FactFile::kGraph).at("learning_paths").size(), 3U);
  EXPECT_EQ(Facts(FactFile::kGraph).at("glossary").size(), 94U);
  EXPECT_EQ(Facts(FactFile::kVersions).at("versions").size(), 13U);
  EXPECT_EQ(Facts(FactFile::kRoadmap).at("stages").size(), 5U);
}

TEST(FactsTest, EveryMatrixHasACellForEachConceptAndColumn) {
  std::set<std::string> concepts;
  for (const Json& each : Facts(FactFile::kConcepts).at("concepts")) concepts.insert(each.at("id"));
  for (const Json& matrix : Facts(FactFile::kMatrices).at("matrices")) {
    std::set<std::string> rows;
    for (const auto& [concept_id, cells] : matrix.at("rows").items()) {
      rows.insert(concept_id);
      std::set<std::string> keys;
      for (const auto& [key, cell] : cells.items()) keys.insert(key);
      std::set<std::string> columns;
      for (const Json& column : matrix.at("columns")) columns.insert(column.at("key"));
      EXPECT_EQ(keys, columns) << matrix.at("id") << " " << concept_id;
    }
    EXPECT_EQ(rows, concepts) << matrix.at("id");
  }
}

TEST(FactsTest, AFileIsReadOnceForAllThreads) {
  std::vector<const Json*> seen(4);
  {
    std::vector<std::jthread> threads;
    for (const Json*& each : seen) {
      threads.emplace_back([&each] { each = &Facts(FactFile::kVersions); });
    }
  }
  for (const Json* each : seen) EXPECT_EQ(each, seen.front());
}

TEST(FactsTest, EntriesAreFoundAndNamedInBothLanguages) {
  const Json& concepts = Facts(FactFile::kConcepts).at("concepts");
  const Json* mesh = FindFact(concepts, "service_mesh");
  ASSERT_NE(mesh, nullptr);
  EXPECT_EQ(LabelOf(*mesh), (Text{"service mesh", "服务网格"}));
  EXPECT_EQ(TextOf(*mesh, "definition").zh.substr(0, 6), "处理");
  EXPECT_TRUE(TextOf(*mesh, "nothing").empty());
  EXPECT_EQ(FindFact(concepts, "mesh"), nullptr);
}

TEST(FactsTest, TextsAreNotMistakenForNumbers) {
  const Json* kubernetes =
      FindFact(Facts(FactFile::kVersions).at("versions"), "Kubernetes", "tech");
  ASSERT_NE(kubernetes, nullptr);
  EXPECT_EQ(kubernetes->at("new"), "1.30");
}

}  // namespace
}  // namespace strata::advisor
