// ResourceToYaml. yaml-cpp's emitter is not used because it writes the string "128" without quotes,
// which reads back as a number.
#include <algorithm>
#include <string>
#include <string_view>

#include "model/manifest.h"
#include "model/schema/node.h"

namespace strata::model {
namespace {

// Only what no YAML reader takes for anything but this string goes without quotes.
bool IsPlainSafe(const std::string& text) {
  const auto safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '.' || c == '-';
  };
  return !text.empty() && text[0] != '-' && std::all_of(text.begin(), text.end(), safe) &&
         schema::TypeOfPlain(text) == schema::PlainType::kString;
}

std::string Scalar(const Json& value) {
  if (!value.is_string()) return DumpJson(value);
  const auto& text = value.get_ref<const std::string&>();
  return IsPlainSafe(text) ? text : DumpJson(value);  // a JSON string is a quoted YAML string
}

// Block style; the deepest resource has about ten levels.
std::string Block(const Json& value, std::size_t indent) {
  const std::string margin(indent, ' ');
  std::string text;
  if (value.is_array()) {
    for (const Json& item : value) {
      if (item.is_structured()) {
        std::string block = Block(item, indent + 2);
        block[indent] = '-';
        text += block;
      } else {
        text += margin + "- " + Scalar(item) + "\n";
      }
    }
    return text;
  }
  for (const auto& [name, member] : value.items()) {
    text += margin + Scalar(name) + ":";
    text += member.is_structured() ? "\n" + Block(member, indent + 2) : " " + Scalar(member) + "\n";
  }
  return text;
}

}  // namespace

std::string ResourceToYaml(const Resource& resource) { return Block(ResourceToJson(resource), 0); }

}  // namespace strata::model
