#include "advisor/models/model.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/facts/facts.h"
#include "advisor/report/kinds.h"
#include "base/check.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

// Calls `each` with the name and the value of every member of a map or entry of a list.
template <typename Each>
void ForEach(const Json& node, const Each& each) {
  if (node.is_object()) {
    for (const auto& [key, member] : node.items()) each(key, member);
    return;
  }
  STRATA_CHECK(node.is_array());
  for (std::size_t i = 0; i < node.size(); ++i) each(EntryName(node[i], i), node[i]);
}

std::pair<std::string_view, std::string_view> SplitFirst(std::string_view path) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return {path, {}};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

// `text` as one word of a command line.
std::string Slug(std::string_view text) {
  std::string slug;
  for (const char each : text) {
    const bool kept = std::isalnum(static_cast<unsigned char>(each)) != 0 || each == '.' ||
                      each == '-' || each == '_';
    if (kept) slug += each;
    if (!kept && !slug.empty() && slug.back() != '_') slug += '_';
  }
  if (slug.ends_with('_')) slug.pop_back();
  return slug;
}

const Json& Member(const Json& node, std::string_view name) {
  const Json* found = nullptr;
  ForEach(node, [&](const std::string& key, const Json& member) {
    if (key == name) found = &member;
  });
  STRATA_CHECK(found != nullptr);
  return *found;
}

}  // namespace

Inputs::Inputs(std::span<const Parameter> parameters) : parameters_(parameters) {
  values_.reserve(parameters.size());
  for (const Parameter& parameter : parameters) values_.push_back(parameter.value);
}

std::size_t Inputs::Find(std::string_view name) const {
  const auto found = std::ranges::find(parameters_, name, &Parameter::name);
  STRATA_CHECK(found != parameters_.end());
  return static_cast<std::size_t>(found - parameters_.begin());
}

double Inputs::operator[](std::string_view name) const { return values_[Find(name)]; }

std::uint64_t Inputs::Count(std::string_view name) const {
  const std::size_t parameter = Find(name);
  const Kind& kind = parameters_[parameter].kind;
  STRATA_CHECK(kind.numbers == Numbers::kWhole && kind.low >= 0);
  return static_cast<std::uint64_t>(values_[parameter]);
}

const Output& Outputs::at(std::string_view name) const {
  const auto found = std::ranges::find(all_, name, &Output::name);
  STRATA_CHECK(found != all_.end());
  return *found;
}

const Json& CheckOf(const Json& fact, std::string_view id) {
  const Json* check = FindFact(fact.at("checks"), id);
  STRATA_CHECK(check != nullptr);
  return *check;
}

std::string EntryName(const Json& entry, std::size_t index) {
  constexpr std::array<const char*, 6> kNames{"id", "tech", "stage", "component", "from", "type"};
  for (const char* name : kNames) {
    if (!entry.is_object() || !entry.contains(name)) continue;
    if (entry.at(name).is_string()) return Slug(entry.at(name).get<std::string>());
  }
  return std::to_string(index);
}

std::vector<std::string> NamesIn(const Json& fact, std::string_view path) {
  const Json* node = &fact.at("parameters");
  while (!path.empty()) {
    const auto [first, rest] = SplitFirst(path);
    node = &Member(*node, first);
    path = rest;
  }
  std::vector<std::string> names;
  ForEach(*node, [&names](const std::string& key, const Json&) { names.push_back(key); });
  return names;
}

ParameterList& ParameterList::Take(std::string_view path, Kind kind, const std::string& under) {
  const std::size_t before = list_.size();
  TakeFrom(fact_.at("parameters"), path, {}, kind);
  if (under.empty()) return *this;
  for (std::size_t i = before; i < list_.size(); ++i) {
    list_[i].name = under + "." + list_[i].name;
  }
  return *this;
}

Text ParameterList::LabelOfPart(const std::string& part, const Json& entry) const {
  if (entry.is_object() && (entry.contains("label") || entry.contains("zh"))) {
    const Text label = LabelOf(entry);
    // One without a label is called by its id.
    return {label.en.empty() || label.en == part ? WordsOf(part) : label.en, label.zh};
  }
  if (entry.is_object() && entry.contains("tech")) return {entry.at("tech"), ""};
  const auto symbols = fact_.find("symbols");
  if (symbols == fact_.end() || !symbols->contains(part)) return {};
  return LabelOf(symbols->at(part));
}

void ParameterList::TakeFrom(const Json& node, std::string_view path, const Name& name, Kind kind) {
  if (path.empty()) {
    if (node.is_null()) return;
    STRATA_CHECK(node.is_number());
    list_.push_back({.name = name.id,
                     .value = node.get<double>(),
                     .kind = kind,
                     .levels = {},
                     .source = {fact_.at("source").get<std::string>(), ""},
                     .assumed = {},
                     .label = name.label});
    return;
  }
  const auto [first, rest] = SplitFirst(path);
  const auto longer = [&](const std::string& part, const Json& entry) {
    return Name{name.id.empty() ? part : name.id + "." + part,
                Join(name.label, ": ", LabelOfPart(part, entry))};
  };
  if (first == "*") {
    ForEach(node, [&](const std::string& key, const Json& member) {
      TakeFrom(member, rest, longer(key, member), kind);
    });
    return;
  }
  // Before the first "*" the way there is not part of the name.
  const std::string part(first);
  const Json& member = Member(node, first);
  const bool named = !name.id.empty() || rest.empty();
  TakeFrom(member, rest, named ? longer(part, member) : Name(), kind);
}

ParameterList& ParameterList::Stated(std::string name, double value, Kind kind, Text source) {
  list_.push_back({std::move(name), value, kind, {}, std::move(source), {}});
  return *this;
}

ParameterList& ParameterList::Assume(std::string name, double value, Kind kind, Text why) {
  list_.push_back({std::move(name), value, kind, {}, {}, std::move(why)});
  return *this;
}

ParameterList& ParameterList::Unknown(std::string name, double value, Kind kind, Text why) {
  Assume(std::move(name), value, kind, std::move(why));
  list_.back().unknown = true;
  return *this;
}

ParameterList& ParameterList::Part(std::string name, double value, Kind kind, Text why) {
  Assume(std::move(name), value, kind, std::move(why));
  list_.back().part = true;
  return *this;
}

ParameterList& ParameterList::Choose(std::string name, std::string_view level, Levels levels,
                                     Text why) {
  const auto found = std::ranges::find(levels, level);
  STRATA_CHECK(found != levels.end());
  list_.push_back({.name = std::move(name),
                   .value = static_cast<double>(found - levels.begin()),
                   .kind = {"", 0, static_cast<double>(levels.size() - 1)},
                   .levels = levels,
                   .source = {},
                   .assumed = std::move(why),
                   .unknown = true});
  return *this;
}

}  // namespace strata::advisor::models
