#include "advisor/names.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/report/refusal.h"
#include "advisor/report/text.h"
#include "base/text/strings.h"

namespace strata::advisor {
namespace {

constexpr std::size_t kMostNear = 3;
constexpr std::size_t kFew = 30;           // names that a message can hold
constexpr std::size_t kLongest = 80;       // of a name that somebody typed; comparing is quadratic
constexpr std::size_t kShortestWords = 4;  // of a name; too much is near to less

std::string Fold(std::string_view name) {
  std::string folded = Lower(name);
  std::ranges::replace_if(folded, [](char c) { return c == ' ' || c == '-'; }, '_');
  return folded;
}

// What of a folded name stands before its first bracket; all of it where there is none.
std::string BeforeBracket(const std::string& folded) {
  std::string before = folded.substr(0, std::min(folded.find('('), folded.find("（")));
  while (before.ends_with('_')) before.pop_back();
  return before;
}

// How many characters may be wrong in what is meant by so many.
std::size_t MayDiffer(std::size_t size) { return std::max<std::size_t>(1, size / 3); }

bool IsBetweenWords(char c) { return std::string_view("_./,:()").contains(c); }

// How far `folded` is from the nearest words of a folded name that stand side by side: "discunt" is
// 1 from "discount" of "discount_rate". Nothing: none is near.
std::optional<std::size_t> DistanceToWords(std::string_view folded, std::string_view name) {
  std::optional<std::size_t> least;
  for (std::size_t begin = 0; begin < name.size(); ++begin) {
    if (begin > 0 && !IsBetweenWords(name[begin - 1])) continue;
    for (std::size_t end = begin + kShortestWords; end <= name.size(); ++end) {
      if (end < name.size() && !IsBetweenWords(name[end])) continue;
      const std::string_view words = name.substr(begin, end - begin);
      const std::size_t most = MayDiffer(words.size());
      // As far as the sizes are from each other the two are, too.
      if (words.size() > folded.size() + most || folded.size() > words.size() + most) continue;
      const std::size_t distance = EditDistance(folded, words);
      if (distance <= most && (!least || distance < *least)) least = distance;
    }
  }
  return least;
}

// "'a', 'b' or 'c'".
std::string OneOf(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += "'" + names[i] + "'";
  }
  return text;
}

}  // namespace

void Names::Add(std::string id, const std::string& name) {
  if (name.empty()) return;
  std::string folded = Fold(name);
  if (!by_folded_.try_emplace(folded, names_.size()).second) return;
  names_.push_back({std::move(folded), name, std::move(id)});
}

void Names::AddAliases(const Json& entry) {
  const auto aliases = entry.find("aliases");
  if (aliases == entry.end()) return;
  for (const Json& alias : *aliases) Add(entry.at("id"), alias);
}

void Names::AddAll(const Json& entries) {
  for (const Json& entry : entries) Add(entry.at("id"), entry.at("id"));
  for (const Json& entry : entries) {
    const Text label = LabelOf(entry);
    Add(entry.at("id"), label.en);
    Add(entry.at("id"), label.zh);
    AddAliases(entry);
  }
  for (const Json& entry : entries) AddLabel(entry.at("id"), LabelOf(entry));
}

void Names::AddLabel(const std::string& id, const Text& label) {
  for (const std::string& name : {label.en, label.zh}) {
    Add(id, name);
    for (const std::string_view bracket : {"(", "（"}) {
      std::string before = name.substr(0, name.find(bracket));
      while (before.ends_with(' ')) before.pop_back();
      Add(id, before);
    }
  }
}

Result<std::string> Names::Find(std::string_view name) const {
  const std::string folded = Fold(name);
  const auto found = by_folded_.find(folded);
  if (found != by_folded_.end()) {
    const std::string& id = names_[found->second].id;
    // What it and others would be called without what is in brackets is nobody's name.
    std::map<std::string, std::string> called;
    for (const Name& each : names_) {
      if (each.folded != folded && BeforeBracket(each.folded) == folded) {
        called.emplace(each.id, each.shown);
      }
    }
    if (Fold(id) == folded || called.size() < 2 || !called.contains(id)) return id;
    std::vector<std::string> all;
    for (const auto& [other, shown] : called) all.push_back(shown);
    return Refuse(Errc::kNotFound, Refusal::kUnclear, {kind_, name, OneOf(all)});
  }
  const std::string_view said = name.substr(0, kLongest);
  const std::vector<std::string> near = Near(folded);
  if (!near.empty()) {
    return Refuse(Errc::kNotFound, Refusal::kUnknownNear, {kind_, said, OneOf(near)});
  }
  std::set<std::string> ids;
  for (const Name& each : names_) ids.insert(each.id);
  if (ids.size() <= kFew) {
    return Refuse(Errc::kNotFound, Refusal::kUnknownOfFew,
                  {kind_, said, Listed(std::vector(ids.begin(), ids.end()))});
  }
  if (listed_by_.empty()) return Refuse(Errc::kNotFound, Refusal::kUnknown, {kind_, said});
  return Refuse(Errc::kNotFound, Refusal::kUnknownListed, {kind_, said, listed_by_});
}

std::vector<std::string> Names::Near(const std::string& folded) const {
  if (folded.size() > kLongest) return {};
  std::vector<std::pair<std::size_t, std::size_t>>
      near;  // distance, and which: the first of equals
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const Name& each = names_[i];
    // What begins or ends like it is near, too: "mesh" is part of a name.
    const bool part = folded.size() >= 3 && each.folded.find(folded) != std::string::npos;
    const std::size_t distance = part ? 1 : EditDistance(folded, each.folded);
    if (distance <= MayDiffer(each.folded.size())) near.emplace_back(distance, i);
  }
  if (near.empty()) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto distance = DistanceToWords(folded, names_[i].folded);
      if (distance) near.emplace_back(*distance, i);
    }
  }
  std::ranges::sort(near);
  std::vector<std::string> shown;
  std::set<std::string> ids;
  for (const auto& [distance, at] : near) {
    if (shown.size() == kMostNear) break;
    if (ids.insert(names_[at].id).second) shown.push_back(names_[at].shown);
  }
  return shown;
}

}  // namespace strata::advisor
