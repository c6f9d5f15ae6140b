#include "advisor/models/report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "advisor/facts/facts.h"
#include "advisor/models/beside.h"
#include "advisor/models/checks.h"
#include "advisor/models/model.h"
#include "advisor/models/registry.h"
#include "advisor/models/run.h"
#include "advisor/models/stated.h"
#include "advisor/numerics/chance.h"
#include "advisor/report/kinds.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/quantile.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

constexpr std::size_t kMostSwings = 12;  // that a tornado shows; the rows have all
constexpr std::size_t kHistogramBars = 20;
constexpr double kFarOut = 0.005;  // share of the draws, at each end

std::string LevelName(Levels levels, double level) {
  return std::isnan(level) ? "-" : std::string(levels[static_cast<std::size_t>(level)]);
}

Cell ValueCell(double value, Levels levels) {
  if (std::isnan(value)) return NoCell();
  return levels.empty() ? NumberCell(value) : WordCell(LevelName(levels, value));
}

// A claim, or what a fact says was recomputed, in one line.
std::string Plain(const Json& value) {
  if (value.is_number()) return Figure(value.get<double>());
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [key, part] : value.items()) {
    if (!text.empty()) text += ", ";
    if (value.is_object()) text += key + " ";
    text += Plain(part);
  }
  return text;
}

Section FormulaSection(const Json& fact) {
  Section section{
      .id = "formula", .title = {"Formula", "公式"}, .columns = {{"formula", {"formula", "公式"}}}};
  if (!fact.contains("formulas")) {
    section.notes.push_back(
        {"Figures of the documents; there is no formula.", "文档中的数值，没有公式。"});
    section.columns.clear();
    return section;
  }
  for (const Json& formula : fact.at("formulas")) {
    section.rows.push_back({WordCell(formula.get<std::string>())});
  }
  return section;
}

Section SymbolSection(const Json& fact) {
  Section section{.id = "symbols",
                  .title = {"Symbols", "符号"},
                  .columns = {{"symbol", {"symbol", "符号"}}, {"meaning", {"meaning", "含义"}}}};
  if (!fact.contains("symbols")) return section;
  for (const auto& [symbol, entry] : fact.at("symbols").items()) {
    section.rows.push_back({WordCell(symbol), TextCell(LabelOf(entry))});
  }
  return section;
}

Text OriginOf(const Parameter& parameter, bool set) {
  Text known = parameter.source.empty() ? Text{"assumed: " + parameter.assumed.en,
                                               "假设：" + parameter.assumed.In(Language::kChinese)}
                                        : parameter.source;
  if (!set) return known;
  const std::string before = parameter.levels.empty()
                                 ? Figure(parameter.value)
                                 : LevelName(parameter.levels, parameter.value);
  return Join({"set; was " + before, "已设置；原为 " + before}, ", ", known);
}

Section ParameterSection(const ModelRun& run) {
  Section section{.id = "parameters",
                  .title = {"Parameters", "参数"},
                  .columns = {{"parameter", {"parameter", "参数"}},
                              {"label", {"what it is", "含义"}},
                              {"value", {"value", "值"}},
                              {"unit", {"unit", "单位"}},
                              {"origin", {"where from", "来源"}}}};
  for (std::size_t i = 0; i < run.values.size(); ++i) {
    const Parameter& parameter = run.model.parameters[i];
    section.rows.push_back({WordCell(parameter.name), TextCell(parameter.label),
                            ValueCell(run.values[i], parameter.levels),
                            WordCell(parameter.kind.unit),
                            TextCell(OriginOf(parameter, run.set[i]))});
  }
  return section;
}

// Of all ways to choose among the levels, the share that leads to each level of the first output.
Plot SharesOfChoices(const ModelRun& run, const Inputs& given) {
  const Levels levels = run.outputs.all().front().levels;
  std::vector<std::size_t> choices;
  for (std::size_t i = 0; i < run.model.parameters.size(); ++i) {
    if (!run.model.parameters[i].levels.empty()) choices.push_back(i);
  }
  std::vector<double> counts(levels.size());
  double all = 0;
  Inputs inputs = given;
  for (const std::size_t choice : choices) inputs.Set(choice, 0);
  for (std::size_t turned = 0; turned < choices.size() || all == 0;) {
    const double level = run.model.evaluate(inputs).all().front().value;
    if (!std::isnan(level)) counts[static_cast<std::size_t>(level)] += 1;
    all += 1;
    // The next way: as an odometer turns.
    for (turned = 0; turned < choices.size(); ++turned) {
      const std::size_t choice = choices[turned];
      const double next = inputs.at(choice) + 1;
      const bool over = next >= static_cast<double>(run.model.parameters[choice].levels.size());
      inputs.Set(choice, over ? 0 : next);
      if (!over) break;
    }
  }
  BarPlot plot{{"% of all ways to choose", "占全部选择方式的 %"}, {}};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    plot.bars.push_back({{std::string(levels[i]), ""}, 0, 100 * counts[i] / all});
  }
  return plot;
}

// The numbers among the outputs that are of the first one's kind: the same unit and, where its name
// has a dot, the same words before it.
Plot BarsOf(const Outputs& outputs) {
  const Output& first = outputs.all().front();
  const std::size_t dot = first.name.find('.');
  const std::string kind = first.name.substr(0, dot);
  const std::string before = dot == std::string::npos ? "" : kind + ".";
  const std::string unit = first.unit.empty() ? "" : ", " + std::string(first.unit);
  BarPlot plot{{kind + unit, ""}, {}};
  for (const Output& output : outputs.all()) {
    const bool same = output.unit == first.unit && output.name.starts_with(before);
    if (!same || !output.levels.empty() || std::isnan(output.value)) continue;
    plot.bars.push_back({{output.name.substr(before.size()), ""}, 0, output.value});
  }
  return plot;
}

Plot PlotOf(const ModelRun& run) {
  Inputs inputs(run.model.parameters);
  for (std::size_t i = 0; i < run.values.size(); ++i) inputs.Set(i, run.values[i]);
  if (run.model.plot) return run.model.plot(inputs);
  if (run.outputs.all().front().levels.empty()) return BarsOf(run.outputs);
  return SharesOfChoices(run, inputs);
}

Section ResultSection(const ModelRun& run) {
  Section section{
      .id = "results",
      .title = {"Results", "结果"},
      .columns = {
          {"output", {"output", "输出"}}, {"value", {"value", "值"}}, {"unit", {"unit", "单位"}}}};
  for (const Output& output : run.outputs.all()) {
    section.rows.push_back(
        {WordCell(output.name), ValueCell(output.value, output.levels), WordCell(output.unit)});
  }
  section.plot = PlotOf(run);
  return section;
}

Cell RecomputedCell(const Judged& judged, const Text& of) {
  const std::vector<Output>& figures = judged.recomputed;
  if (figures.empty()) {
    const Json& said = judged.check->at("recomputed");
    const Text text =
        said.is_string() ? TextOf(*judged.check, "recomputed") : Text{Plain(said), ""};
    return TextCell(Join(of, " ", text));
  }
  if (figures.size() == 1) return ValueCell(figures.front().value, figures.front().levels);
  Cell cell{{}, Json::object()};
  for (const Output& figure : figures) {
    const Cell value = ValueCell(figure.value, figure.levels);
    const bool word = value.value.is_null() && !value.text.empty();
    if (!cell.text.en.empty()) cell.text.en += ", ";
    cell.text.en += figure.name + " " + (value.text.empty() ? "-" : value.text.en);
    cell.value[figure.name] = word ? Json(value.text.en) : value.value;
  }
  return cell;
}

Cell AgreesCell(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAgrees:
      return {{"yes", "一致"}, true};
    case Verdict::kDisagrees:
      return {{"no", "不一致"}, false};
    case Verdict::kNotComputable:
      break;
  }
  return TextCell(Text{"not computable", "无法计算"});
}

Text BasisOf(const Judged& judged) {
  if (judged.computed) return {"computed", "计算"};
  const bool assumed = judged.verdict == Verdict::kNotComputable && !judged.recomputed.empty();
  return assumed ? Text{"assumed", "假设"} : Text{"argued", "论证"};
}

// What the fact says, unless it is in the column beside it.
Cell WhyCell(const Judged& judged, const Text& of) {
  const Json& recomputed = judged.check->at("recomputed");
  Text why;
  if (!judged.recomputed.empty() && recomputed.is_string())
    why = TextOf(*judged.check, "recomputed");
  why = Join(why, ". ", TextOf(*judged.check, "note"));
  return TextCell(why.empty() ? why : Join(of, " ", why));
}

// Of the figures that a claim is held against; empty: plain numbers, or of several units.
std::string_view UnitOf(const Judged& judged) {
  const std::vector<Output>& figures = judged.recomputed;
  const bool same =
      !figures.empty() && std::ranges::all_of(figures, [&figures](const Output& each) {
        return each.unit == figures.front().unit;
      });
  return same ? figures.front().unit : "";
}

Section CheckSection(const ModelRun& run) {
  Section section{.id = "checks",
                  .title = {"Claims", "声明核对"},
                  .columns = {{"check", {"claim", "声明"}},
                              {"claimed", {"claimed", "声明值"}},
                              {"recomputed", {"recomputed", "重算值"}},
                              {"unit", {"unit", "单位"}},
                              {"agrees", {"agrees", "是否一致"}},
                              {"basis", {"basis", "依据"}},
                              {"why", {"why", "原因"}}}};
  // The facts' words are about the documents' figures.
  const bool set = std::ranges::find(run.set, true) != run.set.end();
  const Text of = set ? Text{"of the document's figures:", "就文档数值而言："} : Text{};
  for (const Judged& judged : run.checks) {
    const Json& claimed = judged.check->at("claimed");
    section.rows.push_back({WordCell(judged.check->at("id").get<std::string>()),
                            {{Plain(claimed), ""}, claimed},
                            RecomputedCell(judged, of),
                            WordCell(UnitOf(judged)),
                            AgreesCell(judged.verdict),
                            TextCell(BasisOf(judged)),
                            WhyCell(judged, of)});
  }
  return section;
}

std::string Percent(double share) { return Figure(100 * share) + " %"; }

Text IntervalNote(const Question& question) {
  const std::string spread = Percent(question.spread);
  return {
      "A parameter is uncertain by " + spread +
          " each way, a date by a year; one of which nothing is known, over all that it may be; "
          "parts of a whole, over all mixes of it.",
      "参数上下浮动 " + spread +
          "，日期浮动一年；完全未知的参数取其全部取值范围；整体的各部分取其各种比例。"};
}

std::string WithUnit(const Output& of) {
  return of.unit.empty() ? of.name : of.name + ", " + std::string(of.unit);
}

// The figure itself, which what is uncertain is marked with.
std::optional<double> BaseOf(const Output& of) {
  return std::isnan(of.value) ? std::nullopt : std::optional(of.value);
}

Section SensitivitySection(const ModelRun& run) {
  const Output& of = run.outputs.all()[run.of];
  Section section{.id = "sensitivity",
                  .title = {"Sensitivity of " + of.name, of.name + " 的敏感性"},
                  .columns = {{"parameter", {"parameter", "参数"}},
                              {"from", {"from", "自"}},
                              {"to", {"to", "至"}},
                              {"at_from", {of.name + " from", of.name + " 自"}},
                              {"at_to", {of.name + " to", of.name + " 至"}}},
                  .notes = {IntervalNote(run.question)}};
  BarPlot tornado{{WithUnit(of), ""}, {}, BaseOf(of)};
  for (const Swing& swing : run.swings) {
    const Parameter& parameter = run.model.parameters[swing.parameter];
    section.rows.push_back({WordCell(parameter.name), ValueCell(swing.values.low, parameter.levels),
                            ValueCell(swing.values.high, parameter.levels),
                            ValueCell(swing.at_low, of.levels),
                            ValueCell(swing.at_high, of.levels)});
    const bool defined = !std::isnan(swing.at_low) && !std::isnan(swing.at_high);
    if (defined && tornado.bars.size() < kMostSwings) {
      tornado.bars.push_back({{parameter.name, ""}, swing.at_low, swing.at_high});
    }
  }
  if (section.rows.empty()) {
    section.columns.clear();
    section.notes = {{"No parameter that is uncertain changes it.", "没有不确定的参数影响它。"}};
  } else if (of.levels.empty() && !tornado.bars.empty()) {
    section.plot = std::move(tornado);
  }
  return section;
}

std::string SharesText(const std::vector<double>& shares, Levels levels) {
  std::string text;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i] == 0) continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {:.1f} %", levels[i], 100 * shares[i]);
  }
  return text.empty() ? "-" : text;
}

// `draws` are sorted; at least one. What is far out is counted in the bars at the ends.
HistogramPlot HistogramOf(const std::vector<double>& draws, const Output& of) {
  const double from = Quantile(draws, kFarOut);
  const double to = Quantile(draws, 1 - kFarOut);
  const double width = (to - from) / kHistogramBars;
  const bool apart = width > 0 && std::isfinite(width);
  const std::size_t bars = apart ? kHistogramBars : 1;
  HistogramPlot plot{.x = {WithUnit(of), ""},
                     .from = from,
                     .to = apart ? to : from,
                     .counts = std::vector<double>(bars),
                     .base = BaseOf(of)};
  for (const double draw : draws) {
    const double bar = apart ? std::floor((draw - from) / width) : 0;
    const double in = std::clamp(bar, 0.0, static_cast<double>(bars - 1));
    plot.counts[static_cast<std::size_t>(in)] += 1;
  }
  return plot;
}

// Numbers have quantiles, choices shares; a column that no output needs is left out.
Section UncertaintySection(const ModelRun& run) {
  const std::vector<Output>& outputs = run.outputs.all();
  const auto is_choice = [](const Output& output) { return !output.levels.empty(); };
  const bool numbers = !std::ranges::all_of(outputs, is_choice);
  const bool choices = std::ranges::any_of(outputs, is_choice);
  Section section{.id = "uncertainty",
                  .title = {"Uncertainty", "不确定性"},
                  .columns = {{"output", {"output", "输出"}}}};
  if (numbers) {
    section.columns.insert(section.columns.end(), {{"p05", {"5 %", "5 %"}},
                                                   {"p50", {"50 %", "50 %"}},
                                                   {"p95", {"95 %", "95 %"}},
                                                   {"mean", {"mean", "均值"}},
                                                   {"deviation", {"deviation", "标准差"}}});
  }
  if (choices) section.columns.push_back({"shares", {"shares", "各取值占比"}});
  section.columns.push_back({"undefined", {"undefined", "无定义"}});
  for (std::size_t i = 0; i < run.uncertain.size(); ++i) {
    const Uncertain& uncertain = run.uncertain[i];
    const numerics::Summary& summary = uncertain.summary;
    const bool choice = is_choice(outputs[i]);
    std::vector<Cell> row{WordCell(outputs[i].name)};
    for (const double figure :
         {summary.p05, summary.p50, summary.p95, summary.mean, summary.deviation}) {
      if (numbers) row.push_back(choice ? NoCell() : NumberCell(figure));
    }
    if (choices) {
      row.push_back(choice ? WordCell(SharesText(uncertain.shares, outputs[i].levels)) : NoCell());
    }
    row.push_back(NumberCell(static_cast<double>(summary.undefined)));
    section.rows.push_back(std::move(row));
  }
  section.notes = {{fmt::format("Monte Carlo: {} draws, uniform over the same, seed {}.",
                                run.question.draws, run.question.seed),
                    fmt::format("蒙特卡洛：{} 次抽样，同一范围内均匀分布，种子 {}。",
                                run.question.draws, run.question.seed)}};
  const Output& of = outputs[run.of];
  if (!run.draws.empty() && !is_choice(of)) {
    section.plot = HistogramOf(run.draws, of);
  }
  return section;
}

}  // namespace

Report ReportOf(const ModelRun& run, const measure::Record& record) {
  const Json& fact = *run.fact;
  Report report{.id = "model",
                .title = Join({run.model.id, ""}, ": ", LabelOf(fact)),
                .sources = {fact.at("source").get<std::string>()}};
  const Text note = TextOf(fact, "note");
  if (!note.empty()) report.notes.push_back(note);
  report.notes.insert(report.notes.end(), run.remarks.begin(), run.remarks.end());
  std::vector<Section> sections{FormulaSection(fact), SymbolSection(fact), ParameterSection(run),
                                ResultSection(run),   CheckSection(run),   StatedSection(fact)};
  std::erase_if(sections, [](const Section& section) {
    return section.rows.empty() && section.notes.empty();
  });
  std::ranges::move(MeasuredBeside(run.model.id, record), std::back_inserter(sections));
  sections.push_back(SensitivitySection(run));
  if (!run.uncertain.empty()) sections.push_back(UncertaintySection(run));
  report.sections = std::move(sections);
  return report;
}

Report ListModels() {
  Section section{.id = "models",
                  .title = {"Models", "模型"},
                  .columns = {{"model", {"model", "模型"}},
                              {"name", {"name", "名称"}},
                              {"kind", {"kind", "类型"}},
                              {"parameters", {"parameters", "参数数"}},
                              {"agree", {"claims that agree", "一致的声明"}},
                              {"disagree", {"do not", "不一致"}},
                              {"not_computable", {"not computable", "无法计算"}},
                              {"source", {"source", "来源"}}}};
  for (const Json& fact : ModelFacts()) {
    const Model model = MakeModel(fact);
    const Outputs outputs = model.evaluate(Inputs(model.parameters));
    std::vector<double> verdicts(3);
    for (const Judged& judged : JudgeChecks(fact, model, outputs)) {
      verdicts[static_cast<std::size_t>(judged.verdict)] += 1;
    }
    section.rows.push_back({WordCell(model.id), TextCell(LabelOf(fact)),
                            KindCell(fact.at("kind").get_ref<const std::string&>()),
                            NumberCell(static_cast<double>(model.parameters.size())),
                            NumberCell(verdicts[0]), NumberCell(verdicts[1]),
                            NumberCell(verdicts[2]),
                            WordCell(fact.at("source").get_ref<const std::string&>())});
  }
  return {.id = "models",
          .title = {"Quantitative models of the source documents", "源文档的定量模型"},
          .sections = {std::move(section)}};
}

}  // namespace strata::advisor::models
