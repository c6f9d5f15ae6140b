#include "output.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include <yaml-cpp/yaml.h>

#include "base/strings.h"

namespace strata::cli {
namespace {

// Printed columns of UTF-8 text: escape sequences and continuation bytes take none.
std::size_t Width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm') ++i;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++width;
    }
  }
  return width;
}

void Emit(YAML::Emitter& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      out << YAML::BeginMap;
      for (const auto& [key, member] : value.items()) {
        out << YAML::Key << key << YAML::Value;
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
      out << value.dump();
  }
}

}  // namespace

Result<Format> ParseFormat(std::string_view name) {
  if (name == "table") return Format::kTable;
  if (name == "wide") return Format::kWide;
  if (name == "json") return Format::kJson;
  if (name == "yaml") return Format::kYaml;
  constexpr std::array<std::string_view, 4> kNames{"table", "wide", "json", "yaml"};
  std::string message = "unknown output format '" + std::string(name) + "'";
  if (const auto nearest = Nearest(name, kNames)) {
    message += "; did you mean '" + std::string(*nearest) + "'?";
  }
  return Fail(Errc::kInvalidArgument, message + " (table, wide, json, yaml)");
}

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

std::string Table::Render() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], Width(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - Width(row[i]) + 3, ' ');
    }
    text += '\n';
  }
  return text;
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
