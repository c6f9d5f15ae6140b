#include "model/schema/node.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace strata::model::schema {
namespace {

bool IsOneOf(std::string_view text, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Decimal, hexadecimal, octal and binary integers, floats, with signs and underscores: whatever
// starts like a number and holds nothing that a number cannot.
bool LooksNumeric(std::string_view text) {
  constexpr std::array<std::string_view, 7> kSpecial = {".inf", ".Inf", ".INF", ".nan",
                                                        ".NaN", ".NAN", "inf"};
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  if (IsOneOf(text, kSpecial)) return true;
  if (text.size() > 1 && text[0] == '.' && !IsDigit(text[1])) return false;
  if (text.empty() || (!IsDigit(text[0]) && text[0] != '.') || text == ".") return false;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'o' || text[1] == 'b')) {
    return text.find_first_not_of("0123456789abcdefABCDEF_", 2) == std::string_view::npos;
  }
  if (std::count(text.begin(), text.end(), '.') > 1) return false;
  const std::size_t end = text.find_first_not_of("0123456789_.");
  if (end == std::string_view::npos) return true;
  if (text[end] != 'e' && text[end] != 'E') return false;
  text.remove_prefix(end + 1);
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

Node ScalarNode(std::string text, bool quoted) {
  Node node;
  node.type = Node::Type::kScalar;
  node.quoted = quoted;
  node.text = std::move(text);
  return node;
}

}  // namespace

PlainType TypeOfPlain(const std::string& text) {
  constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
  // YAML 1.1 has these as booleans, and so do the readers of some tools that get the same file.
  constexpr std::array<std::string_view, 22> kBoolean = {
      "true", "True", "TRUE", "false", "False", "FALSE", "yes", "Yes", "YES", "no", "No",
      "NO",   "on",   "On",   "ON",    "off",   "Off",   "OFF", "y",   "Y",   "n",  "N"};
  if (IsOneOf(text, kNull)) return PlainType::kNull;
  if (IsOneOf(text, kBoolean)) return PlainType::kBoolean;
  return LooksNumeric(text) ? PlainType::kNumber : PlainType::kString;
}

Node NodeOfJson(const Json& value) {
  Node node;
  if (value.is_object()) {
    node.type = Node::Type::kMap;
    for (const auto& [name, member] : value.items()) {
      node.members.push_back({name, 0, 0, NodeOfJson(member)});
    }
  } else if (value.is_array()) {
    node.type = Node::Type::kSequence;
    for (const Json& item : value) node.items.push_back(NodeOfJson(item));
  } else if (value.is_string()) {
    node = ScalarNode(value.get<std::string>(), true);
  } else if (!value.is_null()) {
    node = ScalarNode(DumpJson(value), false);
  }
  return node;
}

}  // namespace strata::model::schema
