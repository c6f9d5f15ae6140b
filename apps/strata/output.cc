#include "output.h"

#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "base/strings.h"
#include "model/schema/node.h"

namespace strata::cli {
namespace {

struct Named {
  std::string_view name;
  Format format;
};
// What only reports have is behind what every verb has, what only graphs have behind that.
constexpr std::array<Named, 11> kFormats{{{"table", Format::kTable},
                                          {"wide", Format::kWide},
                                          {"json", Format::kJson},
                                          {"yaml", Format::kYaml},
                                          {"markdown", Format::kMarkdown},
                                          {"csv", Format::kCsv},
                                          {"svg", Format::kSvg},
                                          {"mermaid", Format::kMermaid},
                                          {"dot", Format::kDot},
                                          {"jsonld", Format::kJsonLd},
                                          {"graphml", Format::kGraphMl}}};
constexpr std::size_t kEveryVerb = 4;
constexpr std::size_t kReports = 7;

Result<Format> FindFormat(std::string_view name, std::span<const Named> formats) {
  std::vector<std::string_view> names;
  std::string all;
  for (const Named& each : formats) {
    if (each.name == name) return each.format;
    names.push_back(each.name);
    all += (all.empty() ? "" : ", ") + std::string(each.name);
  }
  std::string message = "unknown output format '" + std::string(name) + "'";
  if (const auto nearest = Nearest(name, names)) {
    message += "; did you mean '" + std::string(*nearest) + "'?";
  }
  return Fail(Errc::kInvalidArgument, message + " (" + all + ")");
}

// A boolean, a number, or null, which JSON also has for what is no number. To readers of YAML 1.1
// 1e+30 is text, 1.0e+30 is not.
void EmitPlain(YAML::Emitter& out, std::string text) {
  if (text == "null") {
    out << YAML::Null;
    return;
  }
  const std::size_t exponent = text.find_first_of("+-", 1);  // "e+" and "e-"; "-" alone is a sign
  if (exponent != std::string::npos && !text.contains('.')) text.insert(exponent - 1, ".0");
  out << text;
}

void Emit(YAML::Emitter& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      out << YAML::BeginMap;
      for (const auto& [key, member] : value.items()) {
        out << YAML::Key;
        if (model::schema::TypeOfPlain(key) != model::schema::PlainType::kString) {
          out << YAML::DoubleQuoted;
        }
        out << key << YAML::Value;
        Emit(out, member);
      }
      out << YAML::EndMap;
      break;
    case Json::value_t::array:
      out << YAML::BeginSeq;
      for (const Json& element : value) Emit(out, element);
      out << YAML::EndSeq;
      break;
    case Json::value_t::string:
      // Quoted, because "1" and "yes" must stay text when they are read again.
      out << YAML::DoubleQuoted << value.get<std::string>();
      break;
    default:
      EmitPlain(out, value.dump());
  }
}

}  // namespace

Result<Format> ParseFormat(std::string_view name) {
  return FindFormat(name, std::span(kFormats).first(kEveryVerb));
}

Result<Format> ParseReportFormat(std::string_view name) {
  return FindFormat(name, std::span(kFormats).first(kReports));
}

Result<Format> ParseGraphFormat(std::string_view name) { return FindFormat(name, kFormats); }

bool ColourOut() {
  const char* off = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (off == nullptr || *off == '\0');
}

std::string Paint(std::string_view text, Colour colour) {
  if (colour == Colour::kPlain || !ColourOut()) return std::string(text);
  constexpr std::array<std::string_view, 5> kCodes{"0", "32", "33", "31", "2"};
  return "\x1b[" + std::string(kCodes[static_cast<std::size_t>(colour)]) + "m" + std::string(text) +
         "\x1b[0m";
}

std::string ToYaml(const Json& value) {
  YAML::Emitter out;
  Emit(out, value);
  return std::string(out.c_str()) + "\n";
}

void PrintValue(const Json& value, Format format) {
  if (format == Format::kYaml) {
    Print(ToYaml(value));
    return;
  }
  Print(value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string Fixed(const Json& number, int digits) {
  if (!number.is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f", digits, number.get<double>());
  return text;
}

std::string ReadyOf(const Json& object) {
  const Json scale = object.value("scale", Json());
  if (!scale.is_object()) return "-";
  return scale["ready"].dump() + "/" + scale["desired"].dump() + " (max " + scale["max"].dump() +
         ")";
}

void Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void PrintError(std::string_view text) {
  std::string lines = "strata: ";
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines += EscapeControl(text.substr(0, end)) + "\n";
    text.remove_prefix(end + 1);
  }
  lines += EscapeControl(text) + "\n";
  std::fwrite(lines.data(), 1, lines.size(), stderr);
}

}  // namespace strata::cli
