#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/compare/measured.h"
#include "advisor/compare/subjects.h"
#include "advisor/facts/facts.h"
#include "advisor/measured/claimed.h"
#include "advisor/names.h"
#include "advisor/recommend/recommend.h"
#include "model/values.h"

namespace strata::advisor {
namespace {

using model::Class;

// Of an effect which figure the sight is held against.
enum class Side : std::uint8_t {
  kWhole,   // the effect as the document has it
  kBefore,  // of "from 800 to 15 ms" the first,
  kAfter,   // the second,
  kFactor,  // and how many times less that is
};

// Ours: how an effect of a case is seen on this host; several ways are several rows.
struct Seen {
  std::string_view of;      // the case
  std::string_view effect;  // its metric, or its label
  Sight sight;              // without a row: it is not measured, see `how`
  Side side = Side::kWhole;
  Json taken = nullptr;  // what words without a figure are taken for (compare/values.h)
  Text how;
};

// Why not, of what this platform has none of.
const Text kNoMesh{"none: this platform has no service mesh", "无：本平台没有服务网格"};
const Text kNoPolicyEngine{"none: this platform has no policy engine", "无：本平台没有策略引擎"};
const Text kNoInference{"none: this platform has no inference to time",
                        "无：本平台没有可计时的推理"};

const std::vector<Seen>& AllSeen() {
  static const std::vector<Seen> all = {
      {.of = "cloud_native",
       .effect = "deployment in seconds through containerization",
       .sight = {.row = "warm_up", .in = Class::kContainer},
       .taken = {{"max_exclusive", 60}, {"unit", "s"}}},
      {.of = "cloud_native", .effect = "mTLS encryption by the mesh", .how = kNoMesh},
      {.of = "cloud_native", .effect = "distributed tracing by the mesh", .how = kNoMesh},
      {.of = "cloud_native",
       .effect = "policy checks by the policy engine",
       .how = kNoPolicyEngine},
      {.of = "edge_iot", .effect = "memory", .sight = {.row = "memory"}},
      {.of = "edge_iot", .effect = "startup", .sight = {.row = "cold_start"}},
      // Of a machine, whoever made its monitor.
      {.of = "edge_iot",
       .effect = "hardware-level isolation by Firecracker",
       .sight = {.row = "escapes", .in = Class::kMicrovm}},
      {.of = "security_finance",
       .effect = "hardware-level isolation by virtualization",
       .sight = {.row = "escapes", .in = Class::kMicrovm}},
      {.of = "security_finance",
       .effect = "policy checks by the policy engine",
       .how = kNoPolicyEngine},
      {.of = "security_finance",
       .effect = "mTLS and identity authentication by the mesh",
       .how = kNoMesh},
      {.of = "security_finance", .effect = "complete audit log by the mesh", .how = kNoMesh},
      {.of = "edge_ai", .effect = "model inference latency", .how = kNoInference},
      {.of = "ecommerce",
       .effect = "function instance density",
       .sight = {.row = "density_host", .against = Class::kContainer}},
      {.of = "ecommerce",
       .effect = "cold start",
       .sight = {.row = "cold_start", .in = Class::kContainer},
       .side = Side::kBefore},
      {.of = "ecommerce",
       .effect = "cold start",
       .sight = {.row = "cold_start"},
       .side = Side::kAfter},
      {.of = "ecommerce",
       .effect = "cold start",
       .sight = {.row = "cold_start", .in = Class::kContainer, .against = Class::kWasm},
       .side = Side::kFactor},
      {.of = "ecommerce",
       .effect = "TCO",
       .how = {"strata cost shows that of what runs, strata model tco the formula's",
               "strata cost 给出实际运行的成本，strata model tco 给出公式结果"}},
  };
  return all;
}

// Columns of an effect behind what is claimed; the second is what was measured.
constexpr std::size_t kBehindClaim = 6;

const Text kNotMeasured{"no figure that this platform measures", "非本平台可测的数据"};

const Text kNotInRecord{
    "The record has none of these rows: a whole run of 'strata measure' takes them, a quick one "
    "leaves some out.",
    "该记录没有这些行：完整运行 strata measure 才会测得，快速测量会略去一部分。"};

// Whether a row of a record can show any effect of the case.
bool CanBeSeen(std::string_view of) {
  return std::ranges::any_of(
      AllSeen(), [of](const Seen& each) { return each.of == of && !each.sight.row.empty(); });
}

Json Value(const Json& number, std::string_view unit) {
  return {{"value", number}, {"unit", unit}};
}

// What is claimed, as compare/values.h reads it; null: nothing that has a figure.
Json FigureOf(const Json& effect, const Seen& seen) {
  if (!seen.taken.is_null()) return seen.taken;
  const auto side = [&effect](const char* key) {
    return Value(effect.at(key), effect.at("unit").get<std::string>());
  };
  switch (seen.side) {
    case Side::kBefore:
      return side("from");
    case Side::kAfter:
      return side("to");
    case Side::kFactor:
      return ClaimedTimes(side("from"), side("to"));
    case Side::kWhole:
      break;
  }
  if (effect.contains("factor")) return Value(effect.at("factor"), kTimes);
  return effect.contains("unit") ? effect : Json(nullptr);
}

// The cells behind what is claimed: taken as, measured, interval, ratio, verdict, by.
std::vector<Cell> NotSeen(const Text& why) {
  return {NoCell(), NoCell(), NoCell(), NoCell(), NoCell(), TextCell(why)};
}

std::vector<Cell> SeenCells(const Json& effect, const Seen& seen, const measure::Record& record) {
  if (seen.sight.row.empty()) return NotSeen(seen.how);
  std::vector<Cell> cells =
      SightCells(record, seen.sight, {.cell = FigureOf(effect, seen), .source = ""});
  cells.back() =
      TextCell(Join({"strata measure: ", "strata measure 的行："}, "", ShowSight(seen.sight)));
  return cells;
}

// Whether the case has a ratio that is seen as one.
bool HasTimes(std::string_view of) {
  return std::ranges::any_of(
      AllSeen(), [of](const Seen& each) { return each.of == of && each.sight.against; });
}

// A row for each way in which the effect is seen, of which the first says what is claimed.
void AddEffect(std::string_view of, const Json& effect, std::vector<Cell> claimed,
               const measure::Record& record, Section& to) {
  const std::string name = effect.value("metric", LabelOf(effect).en);
  const std::size_t columns = claimed.size();
  const auto add = [&](std::vector<Cell> cells) {
    std::ranges::move(cells, std::back_inserter(claimed));
    to.rows.push_back(std::exchange(claimed, std::vector<Cell>(columns, NoCell())));
  };
  const std::size_t before = to.rows.size();
  for (const Seen& each : AllSeen()) {
    if (each.of == of && each.effect == name) add(SeenCells(effect, each, record));
  }
  if (to.rows.size() == before) add(NotSeen(kNotMeasured));
}

Section Listing(std::string id, Text title, const Json& entries) {
  Section section{.id = std::move(id), .title = std::move(title), .columns = {{"text", {"", ""}}}};
  for (const Json& entry : entries) section.rows.push_back({TextCell(LabelOf(entry))});
  return section;
}

// What is claimed first, then what is here of it.
Section Effects(std::vector<Column> claimed) {
  Section section{.id = "effects", .title = {"Effects", "效果"}, .columns = std::move(claimed)};
  section.columns.insert(section.columns.end(), {{"taken_as", {"taken as", "视为"}},
                                                 {"measured", {"measured here", "本机实测"}},
                                                 {"interval", {"95 % interval", "95% 区间"}},
                                                 {"ratio", {"ratio", "比值"}},
                                                 {"verdict", {"verdict", "结论"}},
                                                 {"by", {"by", "来源"}}});
  return section;
}

Report CaseStudy(const Json& study, const measure::Record& record) {
  Report report{.id = "recommend",
                .title = LabelOf(study),
                .notes = {LabelOf(study.at("scenario"))},
                .sources = {study.at("source")}};
  report.sections.push_back(Listing("needs", {"Needs", "需求"}, study.at("needs")));
  Section selection{.id = "selection",
                    .title = {"Selection", "选型"},
                    .columns = {{"concept", {"concept", "概念"}},
                                {"technologies", {"technologies", "技术"}},
                                {"role", {"role", "作用"}}}};
  for (const Json& each : study.at("selection")) {
    selection.rows.push_back({TextCell(ConceptLabel(each.at("concept"))),
                              WordCell(ListOf(each.at("technologies"))),
                              TextCell({each.at("role"), each.value("zh", "")})});
  }
  report.sections.push_back(std::move(selection));
  report.sections.push_back(Listing("analysis", {"Analysis", "分析"}, study.at("analysis")));
  Section effects = Effects({{"text", {"claimed", "声明"}}});
  for (const Json& each : study.at("effects")) {
    AddEffect(study.at("id").get_ref<const std::string&>(), each, {TextCell(LabelOf(each))}, record,
              effects);
  }
  report.sections.push_back(std::move(effects));
  return report;
}

// "15 ms", "67 %", "200 x": whichever the document states.
Cell Stated(const Json& result) {
  if (result.contains("from")) {
    return {{Figure(result.at("from")) + " to " + Figure(result.at("to")) + " " +
                 result.at("unit").get<std::string>(),
             ""},
            {{"from", result.at("from")}, {"to", result.at("to")}, {"unit", result.at("unit")}}};
  }
  if (result.contains("factor")) return NumberCell(result.at("factor"), "x");
  if (result.contains("reduction_percent"))
    return NumberCell(result.at("reduction_percent"), "% less");
  return NumberCell(result.at("value_percent"), "%");
}

Report BusinessCase(const Json& business, const Json& table, const measure::Record& record) {
  Report report{.id = "recommend",
                .title = LabelOf(business),
                .notes = {TextOf(business, "change")},
                .sources = {table.at("source")}};
  Section effects = Effects({{"metric", {"metric", "指标"}}, {"claimed", {"claimed", "声明"}}});
  for (const Json& result : business.at("results")) {
    AddEffect(business.at("id").get_ref<const std::string&>(), result,
              {TextCell({result.at("metric"), result.value("zh", "")}), Stated(result)}, record,
              effects);
  }
  report.sections.push_back(std::move(effects));
  return report;
}

bool AnyMeasured(const Report& report) {
  const Section& effects = report.sections.back();
  return std::ranges::any_of(effects.rows, [&effects](const std::vector<Cell>& row) {
    return !row[effects.columns.size() - kBehindClaim + 1].value.is_null();
  });
}

}  // namespace

Result<Report> LikeCase(std::string_view name, const measure::Record& record) {
  const measure::Record with_rows = WithRows(record);
  const Json& matrices = Facts(FactFile::kMatrices);
  const Json& studies = matrices.at("case_studies");
  const Json& business = matrices.at("business_cases");
  Names names("case");
  names.AddAll(studies);
  names.AddAll(business.at("cases"));
  const auto id = names.Find(name);
  if (!id) return std::unexpected(id.error());
  const Json* study = FindFact(studies, *id);
  Report report = study != nullptr
                      ? CaseStudy(*study, with_rows)
                      : BusinessCase(*FindFact(business.at("cases"), *id), business, with_rows);
  if (HasTimes(*id)) report.sections.back().notes.push_back(kIntervalOfTimes);
  if (CanBeSeen(*id) && !AnyMeasured(report)) {
    report.notes.push_back(with_rows.rows.empty() ? kHowToMeasure : kNotInRecord);
  }
  return report;
}

}  // namespace strata::advisor
