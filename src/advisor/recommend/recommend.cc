#include "advisor/recommend/recommend.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/recommend/tables.h"
#include "advisor/recommend/trees.h"
#include "base/json.h"
#include "base/utf8.h"
#include "model/resource.h"
#include "model/rules.h"
#include "model/yaml_writer.h"
#include "scheduler/strategy.h"

namespace strata::advisor {
namespace {

using model::Class;

struct Answer {
  Class sandbox_class = Class::kContainer;
  Text because;
  std::size_t agree = 0;  // trees that come to it
  std::size_t came = 0;   // trees that come to any class
};

std::string Name(Class sandbox_class) { return std::string(model::ClassName(sandbox_class)); }

// The class of the rule, or the least above it that may be used for what asks for this.
Class LeastOfFloor(const model::Requires& asked, Class by_rule) {
  for (const Class each : {by_rule, Class::kAppkernel}) {
    if (scheduler::BelowFloor(asked, each).empty()) return each;
  }
  return Class::kMicrovm;
}

// How many trees stand behind the answer; `equals` are the classes that as many come to.
Text Majority(const Answer& answer, const std::vector<Class>& equals, Class by_rule) {
  if (equals.size() > 1) {
    std::vector<std::string> names;
    for (const Class each : equals) names.push_back(Name(each));
    const std::string tie = Listed(names);
    if (answer.sandbox_class == by_rule) {
      return {"a tie (" + tie + "), which the scheduler's rule decides",
              "票数相同（" + tie + "），由调度规则决定"};
    }
    return {"a tie (" + tie + "), of which it isolates most",
            "票数相同（" + tie + "），取隔离最强者"};
  }
  if (answer.agree == 0) {
    return {"no tree comes to a class that may be used: the scheduler's rule",
            "没有决策树得出可用的类别：按调度规则"};
  }
  if (answer.came == 1) return {"the only tree that comes to a class", "唯一得出类别的决策树"};
  if (answer.agree == answer.came) return {"all trees come to it", "所有决策树均得出该类别"};
  if (2 * answer.agree > answer.came) return {"most trees come to it", "多数决策树得出该类别"};
  return {"more trees come to it than to any other", "得出该类别的决策树最多"};
}

Answer Decide(const Case& about, const std::vector<Walk>& walks) {
  const model::Requires asked = about.Asked();
  const Class by_rule = about.ByRule();
  std::map<Class, std::size_t> votes;
  Answer answer{.sandbox_class = LeastOfFloor(asked, by_rule)};
  for (const Walk& walk : walks) {
    if (!walk.sandbox_class) continue;
    ++answer.came;
    ++votes[*walk.sandbox_class];
  }
  std::string left_out;
  std::vector<Class> equals;  // what most come to, the one that isolates least first
  for (const auto& [each, count] : votes) {
    if (const auto why = scheduler::BelowFloor(asked, each); !why.empty()) {
      left_out = why;
      continue;
    }
    if (count < answer.agree) continue;
    if (count > answer.agree) equals.clear();
    equals.push_back(each);
    answer.agree = count;
  }
  if (!equals.empty()) {
    const bool rule = std::ranges::find(equals, by_rule) != equals.end();
    answer.sandbox_class = rule ? by_rule : equals.back();
  }
  answer.because = Majority(answer, equals, by_rule);
  if (!left_out.empty()) {
    answer.because = Join(answer.because, "; ", {"left out: " + left_out, "排除：" + left_out});
  }
  return answer;
}

Cell ClassCell(const std::optional<Class>& sandbox_class) {
  return sandbox_class ? WordCell(model::ClassName(*sandbox_class)) : NoCell();
}

// "yes: latency_ms = 50".
Text ShowStep(const Step& step) {
  Text shown = Join(step.question, " ", step.answer);
  if (!step.because.empty()) shown = Join(shown, " ", {"(" + step.because + ")", ""});
  return shown;
}

Section CaseSection(const Case& about) {
  Section section{.id = "case",
                  .title = {"What is known", "已知条件"},
                  .columns = {{"variable", {"variable", "变量"}},
                              {"label", {"is", "含义"}},
                              {"value", {"value", "取值"}},
                              {"from", {"from", "来自"}}}};
  for (const Variable& variable : Variables()) {
    const auto known = about.Find(variable.id);
    if (!known) continue;
    section.rows.push_back(
        {WordCell(variable.id),
         TextCell(variable.label),
         {{ShowValue(known->value), ""}, known->value},
         known->from.empty() ? TextCell({"said", "给定"}) : WordCell(known->from)});
  }
  return section;
}

Section TreesSection(const std::vector<Walk>& walks) {
  Section section{.id = "trees",
                  .title = {"What each tree comes to", "各决策树的结论"},
                  .columns = {{"tree", {"tree", "决策树"}},
                              {"path", {"path", "路径"}},
                              {"outcome", {"outcome", "结论"}},
                              {"class", {"class", "类别"}},
                              {"then", {"then", "后续"}},
                              {"source", {"source", "出处"}}}};
  for (const Walk& walk : walks) {
    Text path;
    for (const Step& step : walk.steps) path = Join(path, " > ", ShowStep(step));
    Text then;
    for (const Text& each : walk.consequences) then = Join(then, " > ", each);
    const Text outcome =
        walk.missing.empty() ? walk.outcome : Text{"needs " + walk.missing, "需要 " + walk.missing};
    section.rows.push_back({TextCell(walk.name), TextCell(path), TextCell(outcome),
                            ClassCell(walk.sandbox_class), TextCell(then), WordCell(walk.source)});
  }
  return section;
}

// The documents' contradictions, each with what the trees that it names come to here.
Section DisagreementsSection(const std::vector<Walk>& walks) {
  Section section{.id = "disagreements",
                  .title = {"Where the trees disagree", "决策树的分歧"},
                  .columns = {{"id", {"disagreement", "分歧"}},
                              {"statement", {"statement", "说明"}},
                              {"here", {"here", "本例"}}}};
  for (const Json& each : Facts(FactFile::kDecisions).at("disagreements")) {
    const std::string& statement = each.at("statement").get_ref<const std::string&>();
    std::vector<std::string> here;
    for (const Walk& walk : walks) {
      if (!statement.contains(walk.tree)) continue;
      here.push_back(walk.tree + ": " + (walk.sandbox_class ? Name(*walk.sandbox_class) : "-"));
    }
    section.rows.push_back({WordCell(each.at("id").get<std::string>()),
                            TextCell({statement, each.at("zh")}), WordCell(Listed(here))});
  }
  return section;
}

Section AnswerSection(const Answer& answer) {
  Section section{.id = "answer",
                  .title = {"Answer", "结论"},
                  .columns = {{"class", {"class", "类别"}},
                              {"because", {"because", "理由"}},
                              {"agree", {"trees that agree", "一致的决策树"}},
                              {"of", {"of", "共"}}}};
  section.rows.push_back({WordCell(model::ClassName(answer.sandbox_class)),
                          TextCell(answer.because), NumberCell(static_cast<double>(answer.agree)),
                          NumberCell(static_cast<double>(answer.came))});
  section.notes.push_back(
      {"The platform itself places by what it measured on this host: 'strata explain' shows how.",
       "平台按本机实测数据选择类别：'strata explain' 给出理由。"});
  return section;
}

Json ManifestOf(const RecommendQuestion& question, Class sandbox_class) {
  const auto function = question.about.Find("function_type");
  const bool is_function = !function || function->value == true;
  const model::Requires asked = question.about.Asked();
  std::string artifact = question.artifact;
  if (artifact.empty()) {
    artifact =
        sandbox_class == Class::kWasm ? "./" + question.name + ".wasm" : "oci:./" + question.name;
  }
  Json trigger;
  trigger["http"]["path"] = "/" + question.name;
  return {{"apiVersion", model::kApiVersion},
          {"kind", is_function ? "Function" : "Service"},
          {"metadata", {{"name", question.name}}},
          {"spec",
           {{"artifact", std::move(artifact)},
            {"class", model::ClassName(sandbox_class)},
            {"requires",
             {{"security", model::LevelName(asked.security)},
              {"compatibility", model::LevelName(asked.compatibility)},
              {"performance", model::LevelName(asked.performance)}}},
            {"triggers", Json::array({std::move(trigger)})}}}};
}

// What the question says in words of its own, which no table bounds.
Result<void> Check(const RecommendQuestion& question) {
  if (const auto problem = model::DnsLabelProblem(question.name)) {
    return Fail(Errc::kInvalidArgument, "name: " + *problem);
  }
  if (!IsUtf8(question.artifact)) {
    return Fail(Errc::kInvalidArgument, "artifact: not UTF-8, which a manifest is");
  }
  return {};
}

Section ManifestSection(const Json& manifest) {
  return {.id = "manifest", .title = {"Manifest", "清单"}, .text = model::ToYaml(manifest)};
}

}  // namespace

Result<Recommendation> Recommend(const RecommendQuestion& question) {
  if (auto good = Check(question); !good) return std::unexpected(std::move(good).error());
  const std::vector<Walk> walks = WalkAll(question.about);
  const Answer answer = Decide(question.about, walks);
  Recommendation recommended{.sandbox_class = answer.sandbox_class};
  Report& report = recommended.report;
  report.id = "recommend";
  report.title = {"What the documents recommend", "选型建议"};
  report.sections.push_back(FlowSection());
  report.sections.push_back(CaseSection(question.about));
  report.sections.push_back(TreesSection(walks));
  report.sections.push_back(RulesSection(question.about));
  report.sections.push_back(StarsSection(question.about));
  auto scores = ScoresSection(question.weights);
  if (!scores) return std::unexpected(std::move(scores).error());
  report.sections.push_back(std::move(*scores));
  auto stacks = StacksSection(question.needs, question.devices, question.features);
  if (!stacks) return std::unexpected(std::move(stacks).error());
  report.sections.push_back(std::move(*stacks));
  report.sections.push_back(DisagreementsSection(walks));
  report.sections.push_back(PracticesSection(question.about, walks));
  report.sections.push_back(AnswerSection(answer));
  std::erase_if(report.sections, [](const Section& each) { return each.rows.empty(); });
  recommended.manifest = ManifestOf(question, answer.sandbox_class);
  report.sections.push_back(ManifestSection(recommended.manifest));
  return recommended;
}

}  // namespace strata::advisor
