#include "model/schema/cursor.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text/strings.h"

namespace strata::model::schema {
namespace {

bool IsPlainName(std::string_view name) {
  return !name.empty() && name.find_first_of(".[]/ ") == std::string_view::npos;
}

// What was probably meant: a near spelling, or a name that `name` is the start of ("memory" for
// "memory_mib").
std::optional<std::string_view> Suggest(std::string_view name,
                                        std::span<const std::string_view> names) {
  if (auto near = Nearest(name, names)) return near;
  for (const std::string_view candidate : names) {
    if (name.size() >= 3 && candidate.starts_with(name)) return candidate;
  }
  return std::nullopt;
}

std::string Joined(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

// How a value that must be one of `names` or is named like one of them is best refused.
std::string Hint(std::string_view name, std::span<const std::string_view> names) {
  if (const auto meant = Suggest(name, names)) {
    return "; did you mean '" + std::string(*meant) + "'?";
  }
  return "; expected one of: " + Joined(names);
}

// "64Mi", "5 s": digits, then something that looks like a unit. Returns the digits.
std::string_view NumberBeforeUnit(std::string_view text) {
  const std::size_t end = text.find_first_not_of("0123456789");
  if (end == 0 || end == std::string_view::npos) return {};
  const std::size_t unit = text.find_first_not_of(' ', end);
  const bool letter = unit != std::string_view::npos && ((text[unit] >= 'A' && text[unit] <= 'Z') ||
                                                         (text[unit] >= 'a' && text[unit] <= 'z'));
  return letter ? text.substr(0, end) : std::string_view{};
}

std::optional<std::uint64_t> ParseWhole(std::string_view text) {
  // A leading zero means octal to a YAML 1.1 reader: it is refused rather than guessed at.
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "99.95" as 999,500 of a million.
std::optional<std::uint32_t> ParsePercent(std::string_view text) {
  const std::size_t point = text.find('.');
  std::string_view decimals;
  if (point != std::string_view::npos) decimals = text.substr(point + 1);
  const bool digits = decimals.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || decimals.size() > 4 || (decimals.empty() && point != std::string_view::npos)) {
    return std::nullopt;
  }
  const auto whole = ParseWhole(text.substr(0, point));
  if (!whole || *whole > 100) return std::nullopt;
  auto parts = static_cast<std::uint32_t>(*whole) * kPartsPerPercent;
  std::uint32_t worth = kPartsPerPercent;
  for (const char digit : decimals)
    parts += static_cast<std::uint32_t>(digit - '0') * (worth /= 10);
  return parts;
}

// 999,500 as "99.95".
std::string PercentText(std::uint32_t parts) {
  std::string text = std::to_string(parts / kPartsPerPercent);
  const std::uint32_t rest = parts % kPartsPerPercent;
  if (rest == 0) return text;
  const std::string decimals = std::to_string(rest + kPartsPerPercent).substr(1);
  return text + "." + decimals.substr(0, decimals.find_last_not_of('0') + 1);
}

}  // namespace

void Cursor::Fail(std::string message) const {
  problems_->Add(node_->line, node_->column, Path(), std::move(message));
}

std::string Cursor::Path() const {
  if (parent_ == nullptr) return "";
  const std::string outer = parent_->Path();
  if (name_ == nullptr) return outer + "[" + std::to_string(index_) + "]";
  // A key that holds a dot (labels do) is bracketed, so that a path has one meaning.
  if (!IsPlainName(*name_)) return outer + "['" + *name_ + "']";
  return outer.empty() ? *name_ : outer + "." + *name_;
}

std::string Cursor::Describe() const {
  switch (node_->type) {
    case Node::Type::kNull:
      return "nothing";
    case Node::Type::kSequence:
      return "a list";
    case Node::Type::kMap:
      return "a map";
    case Node::Type::kScalar:
      break;
  }
  const std::string text = "'" + node_->text + "'";
  if (node_->quoted) return "the string " + text;
  switch (TypeOfPlain(node_->text)) {
    case PlainType::kNumber:
      return "the number " + text;
    case PlainType::kBoolean:
      return "the boolean " + text;
    case PlainType::kNull:
      return "nothing";
    case PlainType::kString:
      break;
  }
  return "the string " + text;
}

const std::vector<Member>* Cursor::Map() const {
  if (node_->type == Node::Type::kMap) return &node_->members;
  Fail("expected a map, got " + Describe());
  return nullptr;
}

const std::vector<Node>* Cursor::List(std::size_t max_items) const {
  if (node_->type != Node::Type::kSequence) {
    Fail("expected a list, got " + Describe());
    return nullptr;
  }
  if (node_->items.size() > max_items) {
    Fail("has " + std::to_string(node_->items.size()) + " items; at most " +
         std::to_string(max_items) + " are allowed");
    return nullptr;
  }
  return &node_->items;
}

const std::string* Cursor::Text() const {
  if (node_->type != Node::Type::kScalar) {
    Fail("expected a string, got " + Describe());
    return nullptr;
  }
  if (!node_->quoted && TypeOfPlain(node_->text) != PlainType::kString) {
    Fail("expected a string, got " + Describe() + "; quote it: \"" + node_->text + "\"");
    return nullptr;
  }
  return &node_->text;
}

const std::string* Cursor::TextWithUnit() const {
  const bool number =
      node_->type == Node::Type::kScalar && !node_->quoted && ParseWhole(node_->text).has_value();
  if (!number) return Text();
  Fail("expected a time with its unit, got " + Describe() + "; write " + node_->text + "s or " +
       node_->text + "m");
  return nullptr;
}

std::optional<std::uint64_t> Cursor::Whole(std::uint64_t min, std::uint64_t max,
                                           std::string_view unit) const {
  const bool scalar = node_->type == Node::Type::kScalar;
  const auto value = scalar && !node_->quoted ? ParseWhole(node_->text) : std::nullopt;
  if (value && *value >= min && *value <= max) return value;
  const std::string wanted =
      "a whole number" + (unit.empty() ? std::string() : " of " + std::string(unit));
  if (value) {
    Fail("is " + node_->text + "; must be " + wanted + " from " + std::to_string(min) + " to " +
         std::to_string(max));
    return std::nullopt;
  }
  const bool has_unit = scalar && !NumberBeforeUnit(node_->text).empty();
  Fail("expected " + wanted + ", got " + Describe() +
       (has_unit ? "; the unit is fixed, so write the number alone" : ""));
  return std::nullopt;
}

std::optional<std::uint32_t> Cursor::Percent(std::uint32_t min, std::uint32_t max) const {
  const bool plain = node_->type == Node::Type::kScalar && !node_->quoted;
  const auto parts = plain ? ParsePercent(node_->text) : std::nullopt;
  if (parts && *parts >= min && *parts <= max) return parts;
  Fail("expected a percentage from " + PercentText(min) + " to " + PercentText(max) +
       " with four decimals at most, got " + Describe());
  return std::nullopt;
}

// Only as JSON has them: what else YAML 1.1 takes for a boolean, later versions do not.
std::optional<bool> Cursor::Flag() const {
  const bool plain = node_->type == Node::Type::kScalar && !node_->quoted;
  if (plain && node_->text == "true") return true;
  if (plain && node_->text == "false") return false;
  Fail("expected true or false, got " + Describe());
  return std::nullopt;
}

std::optional<std::size_t> Cursor::Choice(std::span<const std::string_view> names) const {
  const std::string* text = Text();
  if (text == nullptr) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), *text);
  if (found == names.end()) {
    Fail("unknown value '" + *text + "'" + Hint(*text, names));
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - names.begin());
}

Cursor Cursor::At(const Member& member) const { return {member.value, *this, &member.name, 0}; }

Cursor Cursor::At(std::size_t index) const { return {node_->items[index], *this, nullptr, index}; }

void Cursor::RefuseUnknown(std::span<const std::string_view> names) const {
  for (const Member& member : node_->members) {
    if (std::find(names.begin(), names.end(), member.name) != names.end()) continue;
    problems_->Add(member.line, member.column, Path(),
                   "unknown field '" + member.name + "'" + Hint(member.name, names));
  }
}

const Member* Cursor::Find(std::string_view name) const {
  for (const Member& member : node_->members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

}  // namespace strata::model::schema
