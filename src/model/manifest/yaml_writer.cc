#include "model/manifest/yaml_writer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/text/utf8.h"
#include "model/schema/node.h"

namespace strata::model {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Only what no YAML reader takes for anything but this string goes without quotes; what begins with
// a digit may be a number, a date or a time of day.
bool IsPlainSafe(const std::string& text) {
  const auto safe = [](char c) {
    return IsLetter(c) || (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '.' || c == '-';
  };
  const auto begins = [](char c) { return IsLetter(c) || c == '/' || c == '_' || c == '.'; };
  return !text.empty() && begins(text[0]) && std::ranges::all_of(text, safe) &&
         schema::TypeOfPlain(text) == schema::PlainType::kString;
}

// Of one character in UTF-8.
char32_t CodeOf(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first;
  char32_t code = first & (0x7fU >> character.size());
  for (const char c : character.substr(1))
    code = code << 6U | (static_cast<unsigned char>(c) & 63U);
  return code;
}

// What YAML calls not printable, a mark of the byte order, or the end of a line, and JSON does not.
bool IsYamlsOwn(char32_t code) {
  return (code >= 0x7f && code <= 0x9f) || code == 0x2028 || code == 0x2029 || code == 0xfeff ||
         code == 0xfffe || code == 0xffff;
}

// A JSON string is a quoted YAML string, but for those.
std::string Quoted(const Json& text) {
  const std::string json = DumpJson(text);
  std::string quoted;
  for (std::string_view rest = json; !rest.empty();) {
    const std::string_view character = rest.substr(0, Utf8Length(rest));
    rest.remove_prefix(character.size());
    const char32_t code = CodeOf(character);
    if (!IsYamlsOwn(code)) {
      quoted += character;
      continue;
    }
    std::array<char, 8> escape{};
    std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(code));
    quoted += escape.data();
  }
  return quoted;
}

// To readers of YAML 1.1 1e+30 is text, 1.0e+30 is not.
std::string Number(std::string text) {
  const std::size_t exponent = text.find('e');
  if (exponent != std::string::npos && !text.contains('.')) text.insert(exponent, ".0");
  return text;
}

// Of what has no lines of its own: a scalar, an empty list or map.
std::string Flat(const Json& value) {
  if (value.is_number()) return Number(DumpJson(value));
  if (!value.is_string()) return DumpJson(value);
  const auto& text = value.get_ref<const std::string&>();
  return IsPlainSafe(text) ? text : Quoted(value);
}

bool IsBlock(const Json& value) { return value.is_structured() && !value.empty(); }

// Block style. As deep as the value, which was parsed with a bound or made by us.
std::string Block(const Json& value, std::size_t indent) {
  const std::string margin(indent, ' ');
  std::string text;
  if (value.is_array()) {
    for (const Json& item : value) {
      if (!IsBlock(item)) {
        text += margin + "- " + Flat(item) + "\n";
        continue;
      }
      std::string block = Block(item, indent + 2);
      block[indent] = '-';
      text += block;
    }
    return text;
  }
  for (const auto& [name, member] : value.items()) {
    text += margin + Flat(name) + ":";
    text += IsBlock(member) ? "\n" + Block(member, indent + 2) : " " + Flat(member) + "\n";
  }
  return text;
}

}  // namespace

std::string ToYaml(const Json& value) {
  return IsBlock(value) ? Block(value, 0) : Flat(value) + "\n";
}

}  // namespace strata::model
