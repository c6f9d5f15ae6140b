#include "advisor/graph/answers.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/facts/facts.h"
#include "advisor/report/refusal.h"

namespace strata::advisor {
namespace {

using testing::HasSubstr;

// "docker -uses-> containerd" for each step.
std::vector<std::string> StepsOf(const GraphAnswer& answer) {
  std::vector<std::string> steps;
  for (const auto& row : answer.report.sections.front().rows) {
    steps.push_back(row[0].text.en + " -" + row[1].text.en + "-> " + row[2].text.en);
  }
  return steps;
}

TEST(AnswersTest, LayersAndRelationsAreFoundByTheirOtherNames) {
  EXPECT_EQ(Layer("four_layer_model.sandbox")->report.title, Layer("sandbox")->report.title);
  const auto english = Why("kata", "depends on", "qemu");
  const auto chinese = Why("kata", "依赖", "qemu");
  ASSERT_TRUE(english.has_value()) << english.error().message;
  ASSERT_TRUE(chinese.has_value()) << chinese.error().message;
  const Json answer = ToJson(english->report, Language::kEnglish);
  EXPECT_FALSE(answer["sections"][0]["rows"].empty());
  EXPECT_EQ(ToJson(chinese->report, Language::kEnglish), answer);
}

TEST(AnswersTest, TheOverviewListsAllDiagramsAndLayers) {
  const GraphAnswer answer = Overview();
  EXPECT_EQ(answer.report.sections[0].rows.size(), 26U);
  EXPECT_EQ(answer.report.sections[1].rows.size(), 33U);
}

TEST(AnswersTest, EntitiesCanBeOfOneType) {
  EXPECT_EQ(Entities("")->graph.nodes.size(), 60U);
  for (const GraphNode& node : Entities("sandbox class")->graph.nodes) {
    EXPECT_EQ(node.type, "sandbox_class");
  }
  EXPECT_THAT(Entities("tecnology").error().message, HasSubstr("did you mean 'technology'?"));
}

TEST(AnswersTest, EveryDiagramIsShown) {
  for (const Json& diagram : Facts(FactFile::kGraph).at("diagrams")) {
    const auto answer = Diagram(diagram.at("id").get<std::string>());
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->report.sections.size(), 2U) << diagram.at("id");
    EXPECT_EQ(answer->report.sections[1].rows.size(), diagram.at("edges").size());
  }
}

TEST(AnswersTest, NeighboursAreBothWaysWithWhatTheNodeIs) {
  const auto answer = Neighbours("Kuasar");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->report.sections[0].id, "definitions");
  EXPECT_NE(answer->graph.Find("sandbox_api"), nullptr) << "which it exposes";
  EXPECT_NE(answer->graph.Find("wasmedge"), nullptr) << "which it manages";
  EXPECT_TRUE(Neighbours("wasm")) << "an alias";
  EXPECT_EQ(Neighbours("container-in-microvm")->report.title.en, "sandboxing") << "of a class";
  EXPECT_TRUE(Neighbours("策略引擎"));
  EXPECT_EQ(Neighbours("kuasr").error().message, "no node 'kuasr'; did you mean 'kuasar'?");
}

// Diagrams have boxes of the names of classes and concepts that are nodes of their own.
TEST(AnswersTest, ABoxThatIsCalledAsAClassLeadsToItsConcept) {
  const auto sections = Neighbours("container")->report.sections;
  const auto named = std::ranges::find(sections, "concept", &Section::id);
  ASSERT_NE(named, sections.end());
  ASSERT_EQ(named->rows.size(), 1U);
  EXPECT_EQ(named->rows[0][0].text.en, "containerization");
  EXPECT_FALSE(named->rows[0][2].text.en.empty()) << "what it is";
  EXPECT_EQ(named->rows[0][3].text.en, "strata graph neighbours containerization");
  for (const char* itself : {"containerization", "kuasar"}) {
    const auto others = Neighbours(itself)->report.sections;
    EXPECT_EQ(std::ranges::find(others, "concept", &Section::id), others.end()) << itself;
  }
}

// Whatever node an answer leads to is there.
TEST(AnswersTest, EveryNodesConceptIsANode) {
  int led = 0;
  for (const GraphNode& node : WholeGraph().nodes) {
    const auto sections = Neighbours(node.id)->report.sections;
    for (const Section& section : sections) {
      if (section.id != "concept") continue;
      EXPECT_NE(WholeGraph().Find(section.rows[0][0].text.en), nullptr) << node.id;
      ++led;
    }
  }
  EXPECT_GT(led, 0);
}

TEST(AnswersTest, APathFollowsTheEdges) {
  EXPECT_EQ(StepsOf(Path("docker", "opa_wasm").value()),
            (std::vector<std::string>{"Docker -evolves to-> Kubernetes",
                                      "Kubernetes -evolves to-> WasmEdge",
                                      "WasmEdge -evolves to-> OPA-Wasm"}));
}

TEST(AnswersTest, APathAgainstTheEdgesSaysSo) {
  const auto answer = Path("qemu", "kata");
  ASSERT_TRUE(answer);
  ASSERT_FALSE(answer->report.notes.empty());
  EXPECT_THAT(answer->report.notes[0].en, HasSubstr("against their direction"));
  EXPECT_EQ(Path("docker", "docker").error().code, Errc::kInvalidArgument);
}

TEST(AnswersTest, EveryPairOfConceptsIsConnected) {
  const Json& concepts = Facts(FactFile::kConcepts).at("concepts");
  for (const Json& a : concepts) {
    for (const Json& b : concepts) {
      const std::string from = a.at("id");
      const std::string to = b.at("id");
      if (from == to) continue;
      EXPECT_TRUE(Path(from, to)) << from << " " << to;
    }
  }
}

TEST(AnswersTest, WhyNamesTheDocuments) {
  const auto answer = Why("kata", "depends-on", "qemu");
  ASSERT_TRUE(answer);
  EXPECT_EQ(StepsOf(*answer),
            (std::vector<std::string>{"Kata Containers -depends on-> lightweight QEMU"}));
  EXPECT_EQ(answer->report.sources, (std::vector<std::string>{"002 C§1.2"}));
  EXPECT_TRUE(answer->report.notes.empty()) << "said directly";
}

TEST(AnswersTest, WhyFollowsStepsAndWhatStandsForDependence) {
  const auto steps = Why("webassembly", "can-run-on", "virtualization");
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->report.sections[0].rows.size(), 3U);
  EXPECT_THAT(steps->report.notes[0].en, HasSubstr("in steps"));
  const auto other = Why("sandboxing", "depends-on", "virtualization");
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->report.notes.empty());
}

// What can run on a thing, or is implemented by one, may do without it.
TEST(AnswersTest, WhatMayDependIsNotSaidToDepend) {
  for (const auto& [from, to] : {std::pair{"webassembly", "virtualization"}, {"kuasar", "qemu"}}) {
    const auto answer = Why(from, "depends-on", to);
    ASSERT_TRUE(answer) << from;
    EXPECT_THAT(answer->report.title.en, HasSubstr("may depend on")) << from;
    EXPECT_THAT(answer->report.notes[0].en, HasSubstr("No document says that it does")) << from;
  }
  EXPECT_THAT(Why("kata", "depends-on", "qemu")->report.title.en, HasSubstr("s depends on"));
}

TEST(AnswersTest, WhatNobodySaysIsNotMadeUp) {
  const auto reverse = Why("qemu", "depends-on", "kata");
  ASSERT_FALSE(reverse);
  EXPECT_EQ(reverse.error().code, Errc::kNotFound);
  EXPECT_EQ(reverse.error().message,
            "no document says that 'qemu' depends on 'kata'; the other way round it is said");
  EXPECT_EQ(InLanguage(reverse.error(), Language::kChinese).message,
            "没有文档这样表述：'qemu' 依赖 'kata'；反过来则有文档这样表述");
  EXPECT_THAT(Why("docker", "implements", "istio").error().message,
              HasSubstr("'strata graph path docker istio'"));
  EXPECT_THAT(Why("docker", "implemnts", "istio").error().message,
              HasSubstr("no relation 'implemnts'; did you mean 'implements'"));
}

TEST(AnswersTest, DependenciesOfEveryConceptCanBeAskedFor) {
  for (const Json& row : Facts(FactFile::kMatrices).at("relations").at("dependencies").at("rows")) {
    const std::string from = row.at("concept");
    EXPECT_TRUE(Why(from, "depends_on", row.at("depends_on").get<std::string>())) << from;
  }
}

TEST(AnswersTest, EveryLayerOfTheOverviewIsReachedByItsOwnName) {
  const GraphAnswer overview = Overview();
  const auto layers = std::ranges::find(overview.report.sections, "layers", &Section::id);
  ASSERT_NE(layers, overview.report.sections.end());
  std::set<std::string> ids;
  for (const auto& row : layers->rows) {
    const std::string& id = row[0].text.en;
    EXPECT_TRUE(ids.insert(id).second) << id << " is there twice";
    const auto layer = Layer(id);
    ASSERT_TRUE(layer) << id;
    EXPECT_THAT(layer->graph.title.zh, HasSubstr(row[1].text.zh)) << id;
  }
  EXPECT_TRUE(ids.contains("orchestration"));
  EXPECT_TRUE(ids.contains("version_layers.orchestration"));
}

}  // namespace
}  // namespace strata::advisor
