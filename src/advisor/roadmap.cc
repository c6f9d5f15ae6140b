#include "advisor/roadmap.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/names.h"
#include "advisor/roadmap_system.h"

namespace strata::advisor {
namespace {

const Json& Source() { return Facts(FactFile::kRoadmap); }

// "2025", "2025 - 2026", or "2027+" of a range without an end.
std::string Years(const Json& range) {
  const auto year = [](const Json& value) { return value.is_null() ? "" : Figure(value); };
  const std::string from = year(range.at(0));
  const std::string to = year(range.at(1));
  if (to.empty()) return from + "+";
  return from == to ? from : from + " - " + to;
}

Section Stages() {
  Section section{.id = "stages",
                  .title = {"Stages", "阶段"},
                  .columns = {{"stage", {"stage", "阶段"}},
                              {"years", {"years", "年份"}},
                              {"goal", {"goal", "目标"}},
                              {"technologies", {"technologies", "技术"}},
                              {"output", {"output", "产出"}},
                              {"milestone", {"milestone", "里程碑"}}},
                  .sources = {"000 §4.0-§4.1", "002 A§10"}};
  for (const Json& stage : Source().at("stages")) {
    section.rows.push_back(
        {TextCell(LabelOf(stage)), WordCell(Years(stage.at("formal_interval"))),
         TextCell(LabelOf(stage.at("goal"))),
         TextCell({ListOf(stage.at("technologies")), stage.value("technologies_zh", "")}),
         TextCell(LabelOf(stage.at("output"))),
         stage.contains("milestone") ? NumberCell(stage.at("milestone")) : NoCell()});
  }
  return section;
}

Section Milestones() {
  Section section{.id = "milestones",
                  .title = {"Milestones", "里程碑"},
                  .columns = {{"milestone", {"milestone", "里程碑"}},
                              {"name", {"name", "名称"}},
                              {"due", {"due", "期限"}},
                              {"item", {"item", "事项"}}},
                  .sources = {"000 §4.2"}};
  for (const Json& milestone : Source().at("milestones")) {
    const Json& months = milestone.at("months");
    const Cell due = months.is_null() ? TextCell({milestone.value("when", ""), "长期"})
                                      : NumberCell(months, "months");
    for (const Json& item : milestone.at("items")) {
      section.rows.push_back({NumberCell(milestone.at("id")), TextCell(LabelOf(milestone)), due,
                              TextCell(LabelOf(item))});
    }
  }
  return section;
}

Section Recommendations() {
  Section section{.id = "recommendations",
                  .title = {"Recommendations", "建议"},
                  .columns = {{"stage", {"stage", "阶段"}},
                              {"years", {"years", "年份"}},
                              {"recommend", {"recommended", "推荐"}},
                              {"reason", {"reason", "理由"}},
                              {"focus", {"focus", "重点"}}},
                  .sources = {"000 §5.1"}};
  for (const Json& each : Source().at("recommendations")) {
    section.rows.push_back({TextCell(LabelOf(each)), WordCell(Years(each.at("years"))),
                            TextCell(LabelOf(each.at("recommend"))),
                            TextCell(LabelOf(each.at("reason"))),
                            TextCell(LabelOf(each.at("focus")))});
    if (each.contains("note")) {
      section.notes.push_back(Join(LabelOf(each), ": ", TextOf(each, "note")));
    }
  }
  return section;
}

Section Phases() {
  Section section{.id = "phases",
                  .title = {"Phases", "行动阶段"},
                  .columns = {{"phase", {"phase", "阶段"}},
                              {"kind", {"kind", "类别"}},
                              {"text", {"what", "内容"}}},
                  .sources = {"002 B§6"}};
  for (const Json& phase : Source().at("phases")) {
    for (const Json& action : phase.at("actions")) {
      section.rows.push_back(
          {TextCell(LabelOf(phase)), TextCell({"action", "行动"}), TextCell(LabelOf(action))});
    }
    for (const Json& result : phase.at("results")) {
      section.rows.push_back({TextCell(LabelOf(phase)), TextCell({"claimed result", "声称的效果"}),
                              TextCell(LabelOf(result))});
    }
  }
  return section;
}

struct Group {
  const char* key;
  Text label;
};

// Lists of labelled entries side by side: one row for each entry, with the name of its list.
Section Grouped(std::string id, Text title, std::initializer_list<Group> groups) {
  const Json& from = Source().at(id);
  Section section{.id = std::move(id),
                  .title = std::move(title),
                  .columns = {{"kind", {"kind", "类别"}}, {"text", {"what", "内容"}}},
                  .sources = {from.at("source").get<std::string>()}};
  for (const Group& group : groups) {
    for (const Json& entry : from.at(group.key)) {
      section.rows.push_back({TextCell(group.label), TextCell(LabelOf(entry))});
    }
  }
  return section;
}

Section Principles() {
  const Json& from = Source().at("design_principles");
  Section section{.id = "principles",
                  .title = {"Design principles", "设计原则"},
                  .columns = {{"principle", {"principle", "原则"}},
                              {"kind", {"kind", "类别"}},
                              {"text", {"what", "内容"}}},
                  .sources = {from.at("source").get<std::string>()}};
  for (const Json& principle : from.at("principles")) {
    for (const Json& feature : principle.at("features")) {
      section.rows.push_back({TextCell(LabelOf(principle)), TextCell({"feature", "特征"}),
                              TextCell(LabelOf(feature))});
    }
    for (const Json& rule : principle.at("rules")) {
      section.rows.push_back(
          {TextCell(LabelOf(principle)), TextCell({"rule", "规则"}), TextCell(LabelOf(rule))});
    }
  }
  return section;
}

Section DataAndTrust() {
  const Json& from = Source().at("data_and_trust");
  Section section{.id = "data_and_trust",
                  .title = {"Data and trust", "数据与信任"},
                  .columns = {{"kind", {"kind", "类别"}}, {"text", {"what", "内容"}}},
                  .sources = {from.at("source").get<std::string>()}};
  for (const char* key : {"sync", "federated_query", "zero_trust", "data_isolation"}) {
    for (const Json& item : from.at(key).at("items")) {
      section.rows.push_back({TextCell(LabelOf(from.at(key))), TextCell(LabelOf(item))});
    }
  }
  return section;
}

Section FinalAdvice() {
  const Json& from = Source().at("final_advice");
  Section section{.id = "final_advice",
                  .title = {"Final advice", "最终战略建议"},
                  .columns = {{"text", {"what", "内容"}}},
                  .rows = {{TextCell(LabelOf(from.at("action")))}},
                  .notes = {TextOf(from, "warning")},
                  .sources = {from.at("source").get<std::string>()}};
  for (const Json& principle : from.at("principles")) {
    section.rows.push_back({TextCell(LabelOf(principle))});
  }
  return section;
}

Section Forecasts() {
  Section section{.id = "forecasts",
                  .title = {"Dated forecasts", "带日期的预测"},
                  .columns = {{"date", {"date", "日期"}},
                              {"event", {"forecast", "预测"}},
                              {"source", {"source", "出处"}}}};
  for (const Json& each : Source().at("dated_forecasts")) {
    section.rows.push_back({WordCell(each.at("date").get<std::string>()),
                            TextCell({each.at("event"), each.at("zh")}),
                            WordCell(each.at("source").get<std::string>())});
  }
  return section;
}

std::vector<Section> Parts(const std::optional<Installation>& installation) {
  std::vector<Section> parts;
  if (installation) {
    parts.push_back(SystemStages(*installation));
    parts.push_back(SystemMilestones(*installation));
  }
  parts.push_back(Stages());
  parts.push_back(Milestones());
  parts.push_back(Recommendations());
  parts.push_back(Phases());
  parts.push_back(Grouped("organisation", {"Organisation", "组织能力建设"},
                          {{"technical", {"skills", "技术能力"}},
                           {"teams", {"teams", "团队"}},
                           {"processes", {"processes", "流程"}}}));
  parts.push_back(Grouped("risk_control", {"Risk control", "风险控制"},
                          {{"technical", {"technical", "技术"}},
                           {"business", {"business", "业务"}},
                           {"organisational", {"organisational", "组织"}}}));
  parts.push_back(Grouped(
      "risks", {"Risks and countermeasures", "风险与对策"},
      {{"anti_trends", {"risk", "风险"}}, {"countermeasures", {"countermeasure", "对策"}}}));
  parts.push_back(Principles());
  parts.push_back(DataAndTrust());
  parts.push_back(FinalAdvice());
  parts.push_back(Forecasts());
  return parts;
}

}  // namespace

Result<Report> Roadmap(const std::vector<std::string>& parts,
                       const std::optional<Installation>& installation) {
  Report report{.id = "roadmap",
                .title = {"Roadmap", "路线图"},
                .sections = Parts(installation),
                .notes = {{"Stated by the documents, not by this platform.",
                           "为文档所述，非本平台之结论。"}}};
  Names names("part of the roadmap");
  for (const Section& section : report.sections) names.Add(section.id, section.id);
  std::vector<std::string> wanted;
  for (const std::string& part : parts) {
    auto found = names.Find(part);
    if (!found) return std::unexpected(std::move(found).error());
    wanted.push_back(std::move(*found));
  }
  if (!wanted.empty()) {
    std::erase_if(report.sections, [&wanted](const Section& section) {
      return std::ranges::find(wanted, section.id) == wanted.end();
    });
  }
  return report;
}

}  // namespace strata::advisor
