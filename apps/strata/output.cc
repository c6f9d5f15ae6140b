#include "output.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

#include "base/text/strings.h"
#include "model/manifest/yaml_writer.h"

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
// What people type for them, too.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kShort{
    {{"yml", "yaml"}, {"md", "markdown"}}};
constexpr std::size_t kEveryVerb = 4;
constexpr std::size_t kReports = 7;

Result<Format> FindFormat(std::string_view name, std::span<const Named> formats) {
  std::vector<std::string_view> names;
  std::string all;
  std::string asked = Lower(name);
  for (const auto& [short_name, full] : kShort) {
    if (asked == short_name) asked = full;
  }
  for (const Named& each : formats) {
    if (each.name == asked) return each.format;
    names.push_back(each.name);
    all += (all.empty() ? "" : ", ") + std::string(each.name);
  }
  return Fail(Errc::kInvalidArgument, "unknown output format '" + std::string(name) + "'" +
                                          DidYouMean(name, names) + " (" + all + ")");
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

void PrintValue(const Json& value, Format format) {
  if (format == Format::kYaml) {
    Print(model::ToYaml(value));
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

std::string Money(const Json& number) {
  constexpr int kMost = 12;
  int digits = 2;
  if (number.is_number() && number.get<double>() > 0) {
    for (double left = number.get<double>(); left < 0.1 && digits < kMost; left *= 10) ++digits;
  }
  return Fixed(number, digits);
}

std::string ReadyOf(const Json& object) {
  const Json scale = object.value("scale", Json());
  if (!scale.is_object()) return "-";
  std::string text =
      scale["ready"].dump() + "/" + scale["desired"].dump() + " (max " + scale["max"].dump() + ")";
  const auto paused = scale.value("paused", 0U);
  if (paused == 0) return text;
  return text + (scale["ready"] == 0 ? ", paused" : ", " + std::to_string(paused) + " paused");
}

void Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

bool FinishOutput() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
  // Whoever reads only the beginning, as head does, has what it wanted.
  pollfd reader{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0) return true;
  PrintError("what was printed could not be written (is the disk full, or the output closed?)");
  return false;
}

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
