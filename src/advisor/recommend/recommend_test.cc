#include "advisor/recommend/recommend.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/facts/facts.h"
#include "advisor/recommend/documents/tables.h"
#include "advisor/recommend/testing.h"
#include "advisor/report/testing.h"
#include "base/result.h"
#include "model/manifest/manifest.h"
#include "model/manifest/yaml_writer.h"
#include "scheduler/placing/strategy.h"

namespace strata::advisor {
namespace {

using model::Class;
using model::Level;

Recommendation Recommended(const model::Requires& asked, bool function) {
  RecommendQuestion question;
  question.about.Take(asked, function);
  auto recommended = Recommend(question);
  EXPECT_TRUE(recommended.has_value());
  return std::move(*recommended);
}

TEST(RecommendTest, TheAnswerIsNeverBelowTheFloor) {
  for (const Level security : {Level::kLow, Level::kMedium, Level::kHigh}) {
    for (const Level compatibility : {Level::kLow, Level::kMedium, Level::kHigh}) {
      for (const Level performance : {Level::kLow, Level::kMedium, Level::kHigh}) {
        for (const bool function : {false, true}) {
          const model::Requires asked{security, compatibility, performance};
          const auto recommended = Recommended(asked, function);
          ASSERT_EQ(scheduler::BelowFloor(asked, recommended.sandbox_class), "");
          const Section* answer = FindSection(recommended.report, "answer");
          ASSERT_NE(answer, nullptr);
          EXPECT_EQ(answer->rows.at(0).at(0).text.en, ClassName(recommended.sandbox_class));
        }
      }
    }
  }
}

TEST(RecommendTest, WithNothingKnownTheSchedulersRuleAnswers) {
  const auto recommended = Recommend({});
  ASSERT_TRUE(recommended.has_value());
  EXPECT_EQ(recommended->sandbox_class, Class::kContainer);
  EXPECT_EQ(FindSection(recommended->report, "answer")->rows.at(0).at(3).value, 0.0);
}

TEST(RecommendTest, MostTreesWinAndTheOthersAreShown) {
  RecommendQuestion question;
  question.about.Take({.performance = Level::kHigh}, true);
  ASSERT_TRUE(question.about.Set("latency_ms", "5").has_value());
  ASSERT_TRUE(question.about.Set("launches_per_second", "50").has_value());
  ASSERT_TRUE(question.about.Set("isolation_score", "0.2").has_value());
  const auto recommended = Recommend(question);
  ASSERT_TRUE(recommended.has_value());
  EXPECT_EQ(recommended->sandbox_class, Class::kWasm);
  const Section* disagreements = FindSection(recommended->report, "disagreements");
  ASSERT_NE(disagreements, nullptr);
  const auto row = std::ranges::find(disagreements->rows, "isolation_then_container",
                                     [](const auto& each) { return each[0].text.en; });
  ASSERT_NE(row, disagreements->rows.end());
  EXPECT_EQ((*row)[2].text.en,
            "enterprise_tree: recommended: WASM function, utility_tree: choose container");
  EXPECT_EQ(FindSection(recommended->report, "trees")->rows.size(), 6U);
  EXPECT_EQ(FindSection(recommended->report, "stars")->columns.size(), 4U);
}

TEST(RecommendTest, TheManifestIsValidAndAsksForWhatWasSaid) {
  auto recommended = Recommended({.security = Level::kHigh}, false);
  const auto parsed = model::ParseManifests(model::ToYaml(recommended.manifest), "recommended");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
}

std::string Because(const Recommendation& recommended) {
  return FindSection(recommended.report, "answer")->rows.at(0).at(1).text.en;
}

TEST(RecommendTest, TheManifestIsTheUsersOwn) {
  auto parsed = model::ParseManifests(R"(apiVersion: strata.dev/v1alpha1
kind: Function
metadata: {name: pay, namespace: shop}
spec:
  variants: [{artifact: ./pay.wasm}, {artifact: 'oci:./pay'}]
  env: {CURRENCY: CNY}
  slo: {p99_ms: 5, qps: 200}
  devices: [{kind: gpu}]
  requires: {performance: high}
  triggers: [{http: {path: /v1/pay, methods: [POST]}}]
)",
                                      "theirs");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  RecommendQuestion question;
  Take(parsed->front(), question);
  EXPECT_EQ(question.about.Find("latency_ms")->value, 5.0);
  EXPECT_EQ(question.about.Find("latency_ms")->from, "spec.slo.p99_ms");
  EXPECT_EQ(question.about.Find("launches_per_second")->value, 200.0);
  const auto recommended = Recommend(question);
  ASSERT_TRUE(recommended.has_value()) << recommended.error().message;
  const auto ours = model::ParseManifests(model::ToYaml(recommended->manifest), "ours");
  ASSERT_TRUE(ours.has_value()) << ours.error().message;
  model::Resource expected = parsed->front();
  std::get<model::FunctionSpec>(expected.spec).workload.sandbox_class = recommended->sandbox_class;
  EXPECT_EQ(ours->front(), expected);
  EXPECT_NE(FindSection(recommended->report, "stacks"), nullptr) << "rows for a GPU";
  EXPECT_TRUE(Because(*recommended).contains("no class of this platform hands out a device (GPU)"));
  ASSERT_TRUE(question.about.Set("function_type", "false").has_value());
  EXPECT_EQ(Recommend(question).error().code, Errc::kInvalidArgument) << "it is a Function";
}

TEST(RecommendTest, ADeviceIsInTheManifestOrSaidNotToBe) {
  RecommendQuestion question;
  question.devices = {"vGPU", "usb"};
  const auto recommended = Recommend(question);
  ASSERT_TRUE(recommended.has_value());
  EXPECT_TRUE(model::ToYaml(recommended->manifest).contains("- kind: vgpu"));
  EXPECT_FALSE(model::ToYaml(recommended->manifest).contains("usb")) << "which one?";
  const auto& notes = recommended->manifest_notes;
  EXPECT_TRUE(std::ranges::any_of(
      notes, [](const Text& note) { return note.en.contains("--device USB:VENDOR:PRODUCT"); }));
}

TEST(RecommendTest, AKernelFeatureIsFoundHoweverItIsWritten) {
  RecommendQuestion question;
  question.features = {"IO-uring"};
  const auto found = Recommend(question);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  const auto& rows = FindSection(found->report, "stacks")->rows;
  EXPECT_TRUE(std::ranges::any_of(
      rows, [](const auto& row) { return row[4].text.en == "io_uring (required)"; }));
  EXPECT_EQ(found->sandbox_class, Class::kContainer);
  EXPECT_TRUE(Because(*found).contains("a program in container has no io_uring"))
      << Because(*found);
  question.features = {"epoll"};
  EXPECT_FALSE(Because(*Recommend(question)).contains("has no"));
  question.features = {"kqueue"};
  EXPECT_TRUE(Recommend(question).error().message.contains("epoll"));
}

TEST(RecommendTest, AMissingKernelFeatureNamesTheClassesThatLackNone) {
  const auto advice = [](std::vector<std::string> features) {
    const auto fast = Recommend(
        {.about = Said({{"performance_requirement", "High"}}), .features = std::move(features)});
    EXPECT_EQ(fast->sandbox_class, Class::kWasm);
    const std::string because = Because(*fast);
    return because.substr(because.find("but "));
  };
  EXPECT_EQ(advice({"epoll"}),
            "but a program in wasm has no epoll: container, appkernel, microvm, "
            "container-in-microvm let it use that");
  EXPECT_EQ(advice({"io_uring"}),
            "but a program in wasm has no io_uring: appkernel, microvm let it use that");
  EXPECT_EQ(advice({"epoll", "io_uring"}),
            "but a program in wasm has no epoll, io_uring: appkernel, microvm let it use that");
}

// That nothing much is asked of a workload is no reason to take a machine for it.
TEST(RecommendTest, LowSecurityLeavesAFastFunctionInWasm) {
  const Case fast = Said({{"performance_requirement", "High"}, {"function_type", "true"}});
  EXPECT_EQ(Recommend({.about = fast})->sandbox_class, Class::kWasm);
  Case low = fast;
  ASSERT_TRUE(low.Set("security_requirement", "Low").has_value());
  EXPECT_EQ(Recommend({.about = low})->sandbox_class, Class::kWasm);
  Case plain;
  plain.Take(model::Requires{}, false);
  EXPECT_EQ(Recommend({.about = plain})->sandbox_class, Class::kContainer);
}

TEST(RecommendTest, ATreeThatCameToNoClassNeedsNoMore) {
  const auto mesh = Recommend(
      {.about = Said({{"scenario", "microservices"}, {"second_need", "service governance"}})});
  EXPECT_EQ(FindSection(mesh->report, "answer")->rows.at(0).at(4).value, 5.0) << "one is through";
}

TEST(RecommendTest, APracticeStandsBesideAChoice) {
  const auto practices = [](const SaidWords& said) {
    return FindSection(Recommend({.about = Said(said)})->report, "practices")->rows;
  };
  EXPECT_EQ(practices({}).size(), 2U) << "an OCI image, and that what is known stays so";
  EXPECT_EQ(practices({{"security_requirement", "High"}}).at(0).at(0).text.en, "class microvm");
  const auto slo = [](const auto& row) { return row.at(2).text.en.contains("'slo'"); };
  EXPECT_TRUE(std::ranges::any_of(practices({{"latency_ms", "5"}}), slo));
  EXPECT_FALSE(std::ranges::any_of(practices({{"performance_requirement", "High"}}), slo))
      << "the manifest has none";
}

TEST(RecommendTest, ASecondNeedOfAnotherScenarioIsRefusedWithTheScenarios) {
  const auto refused =
      Recommend({.about = Said({{"scenario", "cloud"}, {"second_need", "fast deployment"}})});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(refused.error().message.contains("strong isolation")) << refused.error().message;
}

TEST(RecommendTest, ATieIsSaidAndTheStrongestTakenWhereTheRuleIsNoneOfThem) {
  const auto tie = Recommend({.about = Said({{"isolation_class", "low"}, {"latency_ms", "5"}})});
  ASSERT_TRUE(tie.has_value());
  EXPECT_EQ(tie->sandbox_class, Class::kMicrovm);
  EXPECT_EQ(Because(*tie), "a tie (wasm, microvm), of which it isolates most");
  EXPECT_EQ(FindSection(tie->report, "answer")->rows.at(0).at(2).value, 1.0);
  EXPECT_EQ(FindSection(tie->report, "answer")->rows.at(0).at(3).value, 2.0);
}

// Whatever is said, the words are those of the count.
TEST(RecommendTest, WhyItIsTheAnswerFollowsFromTheCount) {
  std::set<std::string> seen;
  for (const char* isolation : {"low", "medium", "high"}) {
    for (const char* latency : {"5", "50", "500", "5000"}) {
      for (const char* security : {"Low", "Medium", "High"}) {
        for (const char* function : {"true", "false"}) {
          const auto recommended = Recommend({.about = Said({{"isolation_class", isolation},
                                                             {"latency_ms", latency},
                                                             {"security_requirement", security},
                                                             {"function_type", function}})});
          ASSERT_TRUE(recommended.has_value());
          std::map<std::string, int> votes;
          int came = 0;
          for (const auto& row : FindSection(recommended->report, "trees")->rows) {
            const std::string& sandbox_class = row.at(3).text.en;
            if (sandbox_class.empty()) continue;
            ++votes[sandbox_class];
            ++came;
          }
          const auto& answer = FindSection(recommended->report, "answer")->rows.at(0);
          const int agree = votes[answer.at(0).text.en];
          const std::string because = Because(*recommended);
          seen.insert(because.substr(0, because.find_first_of("(;")));
          if (because.starts_with("most")) {
            EXPECT_GT(2 * agree, came);
          }
          if (because.starts_with("all")) {
            EXPECT_EQ(agree, came);
          }
          if (because.starts_with("more")) {
            EXPECT_LE(2 * agree, came);
          }
          if (because.starts_with("a tie")) {
            EXPECT_GE(
                std::ranges::count(votes, agree, [](const auto& each) { return each.second; }), 2);
          }
        }
      }
    }
  }
  EXPECT_GE(seen.size(), 3U);
}

TEST(RecommendTest, TheReportEndsInTheManifest) {
  const auto recommended = Recommend({.about = Said({{"security_requirement", "High"}})});
  ASSERT_TRUE(recommended.has_value());
  EXPECT_EQ(recommended->report.sections.back().id, "manifest");
  EXPECT_EQ(recommended->report.sections.back().text, model::ToYaml(recommended->manifest));
}

TEST(RecommendTest, AnArtifactIsTextAndQuoted) {
  RecommendQuestion question;
  question.artifact = "oci:./a \"b\": 沙盒";
  const auto recommended = Recommend(question);
  ASSERT_TRUE(recommended.has_value());
  EXPECT_NE(model::ToYaml(recommended->manifest).find(R"(artifact: "oci:./a \"b\": 沙盒")"),
            std::string::npos);
  for (const char* bytes : {"\xff", "./\xc3.wasm", "\xed\xa0\x80"}) {
    question.artifact = bytes;
    const auto refused = Recommend(question);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
    EXPECT_NE(refused.error().message.find("artifact"), std::string::npos);
  }
}

TEST(RecommendTest, ANameThatLooksLikeSomethingElseStaysAName) {
  for (const char* name : {"on", "null", "123", "0x1f", "2025-11-27"}) {
    RecommendQuestion question;
    question.name = name;
    const auto recommended = Recommend(question);
    ASSERT_TRUE(recommended.has_value());
    const auto parsed = model::ParseManifests(model::ToYaml(recommended->manifest), "recommended");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(parsed->front().metadata.name, name);
  }
}

TEST(RecommendTest, EveryRowOfTheTablesIsShown) {
  const Json& decisions = Facts(FactFile::kDecisions);
  for (const char* table : {"quick_reference", "scenario_table"}) {
    for (const Json& row : decisions.at(table).at("rows")) {
      RecommendQuestion question;
      question.needs = {row.at("id")};
      const auto recommended = Recommend(question);
      ASSERT_TRUE(recommended.has_value()) << row.at("id");
      EXPECT_FALSE(FindSection(recommended->report, "stacks")->rows.empty());
    }
  }
}

TEST(RecommendTest, EveryScenarioOfTheMapIsFoundByItsGroupAndItsName) {
  for (const Json& row : Facts(FactFile::kDecisions).at("scenario_map").at("rows")) {
    for (const char* key : {"group", "label", "zh"}) {
      RecommendQuestion question;
      question.needs = {row.at(key)};
      const auto recommended = Recommend(question);
      ASSERT_TRUE(recommended.has_value()) << row.at(key);
      EXPECT_FALSE(FindSection(recommended->report, "stacks")->rows.empty());
    }
  }
  RecommendQuestion question;
  question.needs = {"cloud_native"};
  EXPECT_EQ(FindSection(Recommend(question)->report, "stacks")->rows.size(), 3U);
}

TEST(RecommendTest, EveryRuleIsShownWithWhetherItHolds) {
  const auto nothing = Recommend({});
  ASSERT_TRUE(nothing.has_value());
  const Json& rules = Facts(FactFile::kDecisions).at("rules");
  const Section* section = FindSection(nothing->report, "rules");
  ASSERT_EQ(section->rows.size(), rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    EXPECT_EQ(section->rows[i][0].text.zh, rules.at(i).at("zh").get<std::string>());
    EXPECT_FALSE(section->rows[i][4].text.empty()) << "what it comes to";
    // What the documents give a figure for is known of WASM today; else the case has to say.
    const std::string& id = rules.at(i).at("id").get_ref<const std::string&>();
    const bool given =
        id == "adoption_threshold" || id == "critical_mass" || id == "invest_threshold";
    const bool condition = rules.at(i).contains("if");
    EXPECT_EQ(section->rows[i][2].text.en, given ? "no" : condition ? "not known" : "") << id;
    if (id == "invest_threshold") {
      EXPECT_EQ(section->rows[i][3].text.en, "P(ecosystem_mature) = 0.38, from 002 C§7.2");
    }
  }
  const auto known = Recommend({.about = Said({{"rust_ability", "0.7"}})});
  const auto& rows = FindSection(known->report, "rules")->rows;
  const auto rust = std::ranges::find(rows, "rust_ability > 0.6",
                                      [](const std::vector<Cell>& row) { return row[1].text.en; });
  ASSERT_NE(rust, rows.end());
  EXPECT_EQ((*rust)[2].value, true);
}

TEST(RecommendTest, RulesInWordsAndRowsAreWalkedToo) {
  const auto row = [](const SaidWords& said, const char* rule) {
    const auto recommended = Recommend({.about = Said(said)});
    const auto& rows = FindSection(recommended->report, "rules")->rows;
    return *std::ranges::find_if(
        rows, [rule](const auto& each) { return each[0].text.en.contains(rule); });
  };
  EXPECT_EQ(row({{"existing_workload", "true"}}, "containerize the existing")[2].value, true);
  EXPECT_EQ(row({{"vendor_ships_wasm_first", "true"}, {"price_below_container_percent", "60 %"}},
                "market switches")[2]
                .value,
            true);
  EXPECT_EQ(row({{"vendor_ships_wasm_first", "no"}}, "market switches")[2].value, false);
  EXPECT_EQ(row({}, "three-way")[3].text.en, "needs function_type");
  EXPECT_TRUE(
      row({{"function_type", "false"}}, "three-way")[3].text.en.starts_with("microservice:"));
  EXPECT_TRUE(
      row({{"security_requirement", "Low"}}, "three-way")[3].text.en.starts_with("function:"))
      << "as the scheduler's rule takes it, which the assumptions say";
  const auto dual = [&row](const SaidWords& said) { return row(said, "dual-mode")[3].text; };
  EXPECT_EQ(dual({}).en, "needs function_type");
  EXPECT_EQ(dual({{"function_type", "true"}}).en, "needs existing_workload");
  EXPECT_EQ(dual({{"existing_workload", "false"}}).en, "needs function_type");
  const Text light = dual({{"function_type", "true"}, {"existing_workload", "false"}});
  EXPECT_EQ(light, (Text{"new lightweight computing: WASM", "新增轻量计算：WASM"}));
  const Text rest{"rest: Container", "其余：容器"};
  EXPECT_EQ(dual({{"function_type", "false"}}), rest);
  EXPECT_EQ(dual({{"existing_workload", "true"}}), rest) << "whatever the type is";
}

TEST(RecommendTest, TheAnswerSaysWhatItsClassWasMeasuredNotToKeep) {
  RecommendQuestion question{.about = Said({{"latency_ms", "5"}, {"function_type", "true"}})};
  const auto unmeasured = Recommend(question);
  ASSERT_TRUE(unmeasured.has_value());
  question.record.rows = {{.row = "cold_start",
                           .in = std::string(model::ClassName(unmeasured->sandbox_class)),
                           .unit = "ms",
                           .samples = std::vector<double>(9, 400)}};
  const auto measured = Recommend(question);
  ASSERT_TRUE(measured.has_value());
  EXPECT_EQ(measured->sandbox_class, unmeasured->sandbox_class) << "it is the documents'";
  const Section* kept = FindSection(measured->report, "kept");
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->rows.at(0)[6].text.en, "does not keep");
  const Section& answer = *FindSection(measured->report, "answer");
  EXPECT_TRUE(std::ranges::any_of(answer.rows.at(0), [](const Cell& cell) {
    return cell.text.en.contains("measured here not to keep cold start as asked");
  }));
}

TEST(RecommendTest, TheDocumentsStepsOfASelectionComeFirst) {
  const auto recommended = Recommend({});
  ASSERT_TRUE(recommended.has_value());
  EXPECT_EQ(recommended->report.sections.front().id, "flow");
  EXPECT_EQ(recommended->report.sections.front().rows.size(), 5U);
}

TEST(RecommendTest, WhatIsAssumedStandsBehindWhatIsKnown) {
  const auto recommended = Recommend({.about = Said({{"latency_ms", "50"}})});
  ASSERT_TRUE(recommended.has_value());
  const auto& sections = recommended->report.sections;
  const auto known = std::ranges::find(sections, "case", &Section::id);
  ASSERT_NE(known, sections.end());
  EXPECT_EQ(std::next(known)->id, "assumptions");
  const auto& sources = FindSection(recommended->report, "sources")->rows;
  EXPECT_TRUE(std::ranges::any_of(sources, [](const std::vector<Cell>& row) {
    return row[3].text.en == "fast start needed: latency_ms < 100";
  }));
}

TEST(RecommendTest, RulesAskForWhatDecidesThemUntilItIsSaid) {
  const std::vector<std::string> all = AskedByRules(Case());
  EXPECT_EQ(all,
            (std::vector<std::string>{"changes_per_hour", "E(t)", "toolchain_completeness",
                                      "n_modules", "P(ecosystem_mature)", "vendor_ships_wasm_first",
                                      "price_below_container_percent", "rust_ability", "latency_ms",
                                      "existing_workload"}));
  for (const std::string& each : all) {
    EXPECT_NE(std::ranges::find(Variables(), each, &Variable::id), Variables().end()) << each;
  }
  const std::vector<std::string> left =
      AskedByRules(Said({{"E(t)", "0.5"}, {"vendor_ships_wasm_first", "no"}, {"latency_ms", "5"}}));
  for (const char* decided :
       {"E(t)", "vendor_ships_wasm_first", "price_below_container_percent", "latency_ms"}) {
    EXPECT_EQ(std::ranges::find(left, decided), left.end()) << decided;
  }
  EXPECT_EQ(left.size() + 4, all.size());
  EXPECT_EQ(AskedByRules(Said({{"vendor_ships_wasm_first", "yes"}})).size() + 1, all.size())
      << "the price still decides";
}

TEST(RecommendTest, EveryRuleWithAThresholdIsHeldOnBothSides) {
  int held = 0;
  for (const Json& rule : Facts(FactFile::kDecisions).at("rules")) {
    if (!rule.contains("if") || !rule.at("if").contains("var")) continue;
    const double threshold = rule.at("if").at("value");
    for (const bool above : {false, true}) {
      RecommendQuestion question;
      const double value = threshold * (above ? 1.1 : 0.9);
      const std::string& variable = rule.at("if").at("var").get_ref<const std::string&>();
      ASSERT_TRUE(question.about.Set(variable, Figure(value)).has_value()) << variable;
      const auto recommended = Recommend(question);
      const Section* rules = FindSection(recommended->report, "rules");
      const auto row = std::ranges::find_if(rules->rows, [&rule](const std::vector<Cell>& each) {
        return each[0].text == LabelOf(rule);
      });
      ASSERT_NE(row, rules->rows.end());
      const std::string holds = above ? "yes" : "no";
      EXPECT_EQ((*row)[2].text.en, holds) << variable;
      ++held;
    }
  }
  EXPECT_EQ(held, 12);
}

TEST(RecommendTest, DevicesKernelFeaturesAndScenariosAreLookedUp) {
  RecommendQuestion question;
  question.devices = {"usb", "vGPU"};
  question.features = {"io_uring"};
  question.weights = "erp";
  const auto recommended = Recommend(question);
  ASSERT_TRUE(recommended.has_value());
  EXPECT_GE(FindSection(recommended->report, "stacks")->rows.size(), 3U);
  EXPECT_EQ(FindSection(recommended->report, "scores")->rows.at(0).at(4).value, 4.5);
  for (const auto break_it : {+[](RecommendQuestion& q) { q.devices = {"teapot"}; },
                              +[](RecommendQuestion& q) { q.features = {"kqueue"}; },
                              +[](RecommendQuestion& q) { q.needs = {"fun"}; },
                              +[](RecommendQuestion& q) { q.weights = "erp2025x"; }}) {
    RecommendQuestion broken;
    break_it(broken);
    const auto refused = Recommend(broken);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::kNotFound);
  }
}

TEST(RecommendTest, ADevicesRowsAreThoseOfBothTablesEachOnce) {
  const auto stacks = [](std::vector<std::string> devices, std::vector<std::string> needs = {}) {
    RecommendQuestion question;
    question.devices = std::move(devices);
    question.needs = std::move(needs);
    const auto recommended = Recommend(question);
    std::vector<std::string> rows;
    for (const auto& row : FindSection(recommended->report, "stacks")->rows) {
      rows.push_back(row[0].text.en + ", " + row.back().text.en);
    }
    return rows;
  };
  using Rows = std::vector<std::string>;
  const Rows whole{"AI inference, 003 §00.7.1", "deep-learning training, 003 §00.7.1",
                   "AI inference, 003 §00.6.2", "deep-learning training, 003 §00.6.2"};
  EXPECT_EQ(stacks({"gpu"}), whole);
  EXPECT_EQ(stacks({"vgpu"}),
            (Rows{"multi-tenant GPU, 003 §00.7.1", "multi-tenant GPU, 003 §00.6.2"}));
  const Rows both = stacks({"gpu"}, {"ai_inference"});
  EXPECT_EQ(std::ranges::count(both, whole[0]), 1) << "though both name it";
  EXPECT_EQ(std::ranges::count(both, whole[1]), 1);
}

TEST(RecommendTest, WhatScoresAreCitedFromIsTheModelsSource) {
  const auto recommended = Recommend({});
  ASSERT_TRUE(recommended.has_value());
  EXPECT_EQ(FindSection(recommended->report, "scores")->sources,
            (std::vector<std::string>{"002 C§4.1", "002 C§4.2"}));
}

TEST(RecommendTest, EffectsStandBesideWhatWasMeasuredHere) {
  measure::Record record;
  record.host.memory_mib = 1000;
  record.rows = {{.row = "cold_start", .in = "wasm", .unit = "ms", .samples = {3, 9, 5}},
                 {.row = "instance_memory", .in = "wasm", .unit = "MiB", .samples = {1}},
                 {.row = "instance_memory", .in = "container", .unit = "MiB", .samples = {100}}};
  const Section effects = *FindSection(*LikeCase("ecommerce", record), "effects");
  // metric, claimed, taken as, measured, interval, ratio, verdict, by
  EXPECT_EQ(effects.rows.at(0).at(3).value.at("value"), 100.0) << "of 200 times the density";
  EXPECT_EQ(effects.rows.at(0).at(5).value, 0.667) << "to 150, which rounds to 200";
  // "800 to 15 ms" is seen on both sides, and as how many times less.
  EXPECT_EQ(effects.rows.at(1).at(2).text.en, "800 ms");
  EXPECT_EQ(effects.rows.at(1).at(7).text.en, "strata measure: cold start, container");
  EXPECT_TRUE(effects.rows.at(1).at(3).value.is_null()) << "not in the record";
  EXPECT_TRUE(effects.rows.at(2).at(0).text.empty()) << "said once";
  EXPECT_EQ(effects.rows.at(2).at(2).text.en, "15 ms");
  EXPECT_EQ(effects.rows.at(2).at(3).value.at("value"), 5.0) << "the median";
  EXPECT_TRUE(effects.rows.at(2).at(6).text.en.starts_with("not decided"));
  EXPECT_EQ(effects.rows.at(3).at(2).text.en, "48.4-58.6 x");
  EXPECT_EQ(effects.notes.size(), 1U) << "of what the interval of a ratio is";
  EXPECT_TRUE(effects.rows.at(4).at(3).text.empty());
  EXPECT_TRUE(effects.rows.at(4).at(7).text.en.starts_with("strata cost"));
  // Enough samples of both sides are judged.
  record.rows[0].samples = std::vector<double>(9, 10);
  record.rows.push_back({.row = "cold_start",
                         .in = "container",
                         .unit = "ms",
                         .samples = std::vector<double>(9, 50)});
  const Section judged = *FindSection(*LikeCase("ecommerce", record), "effects");
  EXPECT_EQ(judged.rows.at(1).at(6).text.en, "below the claim");
  EXPECT_EQ(judged.rows.at(3).at(3).text.en, "5 x");
  EXPECT_EQ(judged.rows.at(3).at(4).text.en, "5..5");
  EXPECT_EQ(judged.rows.at(3).at(6).text.en, "below the claim");
  // What the isolation battery found stands beside the isolation that is claimed.
  record.rows.push_back({.row = "escapes", .in = "microvm", .unit = "attempts", .samples = {0}});
  const Section isolation = *FindSection(*LikeCase("security_finance", record), "effects");
  EXPECT_EQ(isolation.rows.at(0).at(2).text.en, "0 attempts");
  EXPECT_EQ(isolation.rows.at(0).at(5).text.en, "the claim is no figure");
  EXPECT_EQ(isolation.rows.at(0).at(6).text.en, "strata measure: attempts that escaped, microvm");
  // So does it where a product's name stands for the machine.
  const Section edge = *FindSection(*LikeCase("edge_iot", record), "effects");
  EXPECT_TRUE(edge.rows.at(2).at(0).text.en.contains("Firecracker"));
  EXPECT_EQ(edge.rows.at(2).at(2).text.en, "0 attempts");
  // A record of the first form has the scheduler's figures only.
  record = {};
  record.prior[Class::kWasm] = {.cold_start_ms = 7, .memory_mib = 2};
  const auto report = LikeCase("edge_iot", record);
  EXPECT_EQ(FindSection(*report, "effects")->rows.at(0).at(2).text.en, "2 MiB");
  EXPECT_EQ(FindSection(*report, "effects")->rows.at(1).at(2).value.at("value"), 7.0);
  EXPECT_EQ(report->notes.size(), 1U);
  EXPECT_TRUE(LikeCase("edge_iot")->notes.back().en.contains("strata measure"));
}

TEST(RecommendTest, EveryCaseIsShown) {
  const Json& matrices = Facts(FactFile::kMatrices);
  std::size_t cases = 0;
  std::size_t seen = 0;
  std::size_t lacking = 0;
  for (const Json* list :
       {&matrices.at("case_studies"), &matrices.at("business_cases").at("cases")}) {
    for (const Json& each : *list) {
      const auto report = LikeCase(each.at("id").get_ref<const std::string&>());
      ASSERT_TRUE(report.has_value());
      const Section* effects = FindSection(*report, "effects");
      EXPECT_FALSE(effects->rows.empty());
      for (const auto& row : effects->rows) {
        const std::string& by = row.back().text.en;
        seen += by.starts_with("strata ") ? 1 : 0;
        lacking += by.starts_with("none: this platform has no ") ? 1 : 0;
      }
      ++cases;
    }
  }
  EXPECT_EQ(cases, 6U);
  // As many as like.cc lists: one with a wrong name is seen nowhere.
  EXPECT_EQ(seen, 10U);
  EXPECT_EQ(lacking, 7U);
  EXPECT_EQ(LikeCase("nothing of the kind").error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace strata::advisor
