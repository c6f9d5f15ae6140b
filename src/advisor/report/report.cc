#include "advisor/report/report.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "base/text/strings.h"

namespace strata::advisor {
namespace {

Json ToJson(const std::vector<Text>& texts, Language language) {
  Json list = Json::array();
  for (const Text& text : texts) list.push_back(text.In(language));
  return list;
}

struct PlotToJson {
  Language language;

  Json operator()(const LinePlot& plot) const {
    Json lines = Json::array();
    for (const Line& line : plot.lines) {
      Json points = Json::array();
      for (const Point& point : line.points) points.push_back({point.x, point.y});
      lines.push_back({{"label", line.label.In(language)}, {"points", std::move(points)}});
    }
    return {{"kind", "lines"},
            {"x", plot.x.In(language)},
            {"y", plot.y.In(language)},
            {"lines", std::move(lines)}};
  }
  Json operator()(const BarPlot& plot) const {
    Json bars = Json::array();
    for (const Bar& bar : plot.bars) {
      bars.push_back({{"label", bar.label.In(language)}, {"from", bar.from}, {"to", bar.to}});
    }
    Json json{{"kind", "bars"}, {"x", plot.x.In(language)}, {"bars", std::move(bars)}};
    if (plot.base) json["base"] = *plot.base;
    return json;
  }
  Json operator()(const HistogramPlot& plot) const {
    Json json{{"kind", "histogram"},
              {"x", plot.x.In(language)},
              {"from", plot.from},
              {"to", plot.to},
              {"counts", plot.counts}};
    if (plot.base) json["base"] = *plot.base;
    return json;
  }
  Json operator()(const IntervalPlot& plot) const {
    const auto ends = [](const Extent& of) {
      const auto end = [](double value) {
        return std::isfinite(value) && value > 0 ? Json(value) : Json(nullptr);
      };
      return Json::array({end(of.from), end(of.to)});
    };
    Json rows = Json::array();
    for (const Beside& each : plot.rows) {
      rows.push_back({{"label", each.label.In(language)},
                      {"claimed", ends(each.claimed)},
                      {"value", each.value},
                      {"interval", ends(each.interval)}});
    }
    return {{"kind", "intervals"}, {"x", plot.x.In(language)}, {"rows", std::move(rows)}};
  }
};

Json ToJson(const Section& section, Language language) {
  Json json{{"id", section.id},
            {"title", section.title.In(language)},
            {"columns", Json::array()},
            {"rows", Json::array()},
            {"notes", ToJson(section.notes, language)},
            {"sources", section.sources}};
  for (const Column& column : section.columns) {
    json["columns"].push_back({{"key", column.key}, {"label", column.label.In(language)}});
  }
  for (const auto& cells : section.rows) {
    Json row = Json::object();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const Cell& cell = cells[i];
      Json& to = row[section.columns[i].key];
      if (!cell.value.is_null())
        to = cell.value;
      else if (!cell.text.empty())
        to = cell.text.In(language);
    }
    json["rows"].push_back(std::move(row));
  }
  if (!section.text.empty()) json["text"] = section.text;
  if (section.plot) json["plot"] = std::visit(PlotToJson{language}, *section.plot);
  return json;
}

}  // namespace

Result<Language> ParseLanguage(std::string_view name) {
  const std::string language = Lower(name.substr(0, name.find_first_of("-_.")));
  if (language == "en") return Language::kEnglish;
  if (language == "zh") return Language::kChinese;
  return Fail(Errc::kInvalidArgument, "no language '" + std::string(name) + "' (en, zh)");
}

std::string_view LanguageName(Language language) noexcept {
  return language == Language::kChinese ? "zh" : "en";
}

Text Join(const Text& left, std::string_view between, const Text& right) {
  if (left.empty()) return right;
  if (right.empty()) return left;
  Text joined{left.en + std::string(between) + right.en, ""};
  if (!left.zh.empty() || !right.zh.empty()) {
    joined.zh = left.In(Language::kChinese) + std::string(between) + right.In(Language::kChinese);
  }
  return joined;
}

Text YesOrNo(bool yes) { return yes ? Text{"yes", "是"} : Text{"no", "否"}; }

std::string Listed(std::span<const std::string> words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

Cell TextCell(Text text) { return {std::move(text), nullptr}; }

Cell WordCell(std::string_view word) { return {{std::string(word), ""}, nullptr}; }

Cell NumberCell(double number, std::string_view unit) {
  if (!std::isfinite(number)) return NoCell();
  constexpr double kExact = 9e15;  // below it a whole number is itself
  const bool whole = number == std::trunc(number) && std::fabs(number) < kExact;
  const Json value = whole ? Json(static_cast<std::int64_t>(number)) : Json(number);
  if (unit.empty()) return {{Figure(number), ""}, value};
  return {{Figure(number) + " " + std::string(unit), ""}, {{"value", value}, {"unit", unit}}};
}

Cell NoCell() { return {}; }

std::string Figure(double number) {
  if (!std::isfinite(number)) return "-";
  const double size = std::fabs(number);
  char text[64];
  // Up to 15 digits are exact; %g would write 1.5e+12 for what people read as 1500000000000.
  if (number == 0) return "0";  // not "-0"
  const bool whole = number == std::trunc(number) && size < 1e15;
  std::snprintf(text, sizeof(text), whole ? "%.0f" : "%.6g", number);
  return text;
}

Json ToJson(const Report& report, Language language) {
  Json json{{"id", report.id},
            {"title", report.title.In(language)},
            {"language", LanguageName(language)},
            {"sections", Json::array()},
            {"notes", ToJson(report.notes, language)},
            {"sources", report.sources}};
  for (const Section& section : report.sections) {
    json["sections"].push_back(ToJson(section, language));
  }
  return json;
}

}  // namespace strata::advisor
