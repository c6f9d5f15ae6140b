#include "advisor/models/stated.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/models/model.h"
#include "advisor/report/kinds.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

constexpr std::string_view kLeftOut[] = {
    // What an entry is called, and how its numbers are meant.
    "id", "label", "zh", "tech", "stage", "component", "from", "source", "unit", "operator",
    "metric", "t_unit",
    // What other sections show: as levels, as results, as checks.
    "levels", "states", "order", "sandbox_classes", "recommended", "truth_table",
    "truth_table_single_responsibility_true",
    // What whoever read the documents added for those who compute.
    "suggested", "suggested_by", "interpolation", "closed_form_constant_E", "numerics", "use",
    "equilibrium_is_stable", "feasible", "cap_note", "operator_zh", "evaluation"};

// The text under `key` of `node` and its Chinese; of a list all its texts. Empty: it is something
// else.
Text TextUnder(const Json& node, const std::string& key) {
  const auto plain = [](const Json& value) -> std::string {
    if (value.is_string()) return value.get<std::string>();
    const bool texts = value.is_array() && std::ranges::all_of(value, &Json::is_string);
    return texts ? ListOf(value) : "";
  };
  const Json& value = node.at(key);
  if (value.is_boolean()) return YesOrNo(value.get<bool>());
  const auto chinese = node.find(key + "_zh");
  return {plain(value), chinese == node.end() ? "" : plain(*chinese)};
}

// What an entry is of: its label or, without one, what leads to it.
Text SubjectOf(const Json& entry, const std::string& name) {
  return entry.is_object() && entry.contains("label") ? LabelOf(entry) : Text{WordsOf(name), ""};
}

void Collect(const Json& node, const Text& of, Section& section) {
  if (node.is_array()) {
    for (std::size_t i = 0; i < node.size(); ++i) {
      Collect(node[i], SubjectOf(node[i], EntryName(node[i], i)), section);
    }
  }
  if (!node.is_object()) return;
  for (const auto& [key, value] : node.items()) {
    if (IsLeftOut(key)) continue;
    Text says = TextUnder(node, key);
    if (says.empty()) {
      Collect(value, SubjectOf(value, key), section);
      continue;
    }
    section.rows.push_back({TextCell(of), WordCell(WordsOf(key)), TextCell(std::move(says))});
  }
}

}  // namespace

bool IsLeftOut(std::string_view key) {
  return key.ends_with("_zh") || key.ends_with("_source") || key.ends_with("_unit") ||
         std::ranges::find(kLeftOut, key) != std::end(kLeftOut);
}

Section StatedSection(const Json& fact) {
  Section section{
      .id = "stated",
      .title = {"What the document says of it", "文档的陈述"},
      .columns = {{"of", {"of", "对象"}}, {"what", {"what", "内容"}}, {"says", {"says", "陈述"}}},
      .sources = {fact.at("source").get<std::string>()}};
  const Text all = LabelOf(fact);
  for (const char* key : {"status"}) {
    if (fact.contains(key)) {
      section.rows.push_back({TextCell(all), WordCell(key), TextCell(TextUnder(fact, key))});
    }
  }
  for (const char* key : {"parameters", "advantages"}) {
    if (fact.contains(key)) Collect(fact.at(key), all, section);
  }
  return section;
}

}  // namespace strata::advisor::models
