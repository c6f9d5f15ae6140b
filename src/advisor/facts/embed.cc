// strata-embed-facts OUT FILE... - writes a C++ source that defines FactsText()
// (advisor/facts/facts.h) from YAML files, in the order of FactFile. A build tool, never installed.
//
// Stricter than YAML: a plain scalar that is no JSON number, true, false or null, but could be
// taken for one by some reader, has to be quoted.
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/files/files.h"
#include "base/result.h"
#include "base/text/json.h"
#include "model/manifest/diagnostic.h"
#include "model/schema/node.h"
#include "model/schema/yaml.h"

namespace strata::advisor {
namespace {

using model::schema::Node;
using model::schema::PlainType;

constexpr Bytes kMostFacts = 1_MiB;
// Ends no literal: the facts hold no such text, which is checked.
constexpr std::string_view kDelimiter = "facts";

Json ScalarOf(const Node& node, model::Problems& problems) {
  if (node.quoted) return node.text;
  switch (model::schema::TypeOfPlain(node.text)) {
    case PlainType::kString:
      return node.text;
    case PlainType::kNull:
      return nullptr;
    case PlainType::kBoolean:
    case PlainType::kNumber:
      break;
  }
  Json value = Json::parse(node.text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_number() && !value.is_boolean()) {
    problems.Add(node.line, node.column, "", "neither a JSON value nor a quoted string");
  }
  return value;
}

Json JsonOf(const Node& node, model::Problems& problems) {
  switch (node.type) {
    case Node::Type::kNull:
      return nullptr;
    case Node::Type::kScalar:
      return ScalarOf(node, problems);
    case Node::Type::kSequence: {
      Json list = Json::array();
      for (const Node& item : node.items) list.push_back(JsonOf(item, problems));
      return list;
    }
    case Node::Type::kMap:
      break;
  }
  Json map = Json::object();
  for (const model::schema::Member& member : node.members) {
    map[member.name] = JsonOf(member.value, problems);
  }
  return map;
}

Result<std::string> LiteralOf(const std::filesystem::path& file) {
  auto text = ReadFile(file, kMostFacts);
  if (!text) return std::unexpected(std::move(text).error());
  model::Problems problems(file.string());
  const auto documents = model::schema::ReadYaml(*text, problems);
  Json json;
  if (documents.size() == 1) json = JsonOf(documents.front().root, problems);
  if (problems.size() > 0) return std::unexpected(model::ToError(problems.Take()));
  if (!json.is_object()) return Fail(Errc::kInvalidArgument, file.string() + ": not one map");
  std::string out = DumpJson(json);
  const std::string end = ")" + std::string(kDelimiter) + "\"";
  if (out.find(end) != std::string::npos) {
    return Fail(Errc::kInvalidArgument, file.string() + ": contains " + end);
  }
  return "R\"" + std::string(kDelimiter) + "(" + out + end;
}

Result<std::string> SourceOf(const std::vector<std::string>& files) {
  std::string source =
      "#include <cstddef>\n"
      "#include <string_view>\n\n"
      "#include \"advisor/facts/facts.h\"\n\n"
      "namespace strata::advisor {\n\n"
      "std::string_view FactsText(FactFile file) noexcept {\n"
      "  static constexpr std::string_view kTexts[] = {\n";
  for (const std::string& file : files) {
    auto literal = LiteralOf(file);
    if (!literal) return literal;
    source += *literal + ",\n";
  }
  return source +
         "  };\n  return kTexts[static_cast<std::size_t>(file)];\n}\n\n"
         "}  // namespace strata::advisor\n";
}

int Run(const std::vector<std::string>& words) {
  if (words.size() < 2) {
    std::fprintf(stderr, "usage: strata-embed-facts OUT FILE...\n");
    return 2;
  }
  auto source = SourceOf({words.begin() + 1, words.end()});
  Result<void> written;
  if (source) written = WriteFileAtomic(words.front(), *source, 0644);
  if (source && written) return 0;
  const Error& error = source ? written.error() : source.error();
  std::fprintf(stderr, "strata-embed-facts: %s\n", error.message.c_str());
  return 1;
}

}  // namespace
}  // namespace strata::advisor

int main(int argc, char** argv) { return strata::advisor::Run({argv + 1, argv + argc}); }
