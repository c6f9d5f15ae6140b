#include "report.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <string>

#include "advisor/report/refusal.h"
#include "advisor/report/render.h"
#include "output.h"

namespace strata::cli {
namespace {

// Of the terminal that is printed to; 0: it is none, and nothing is wrapped.
std::size_t TerminalWidth() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

// The first of them that is set decides.
advisor::Language LanguageOfLocale() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return advisor::ParseLanguage(value).value_or(advisor::Language::kEnglish);
  }
  return advisor::Language::kEnglish;
}

}  // namespace

void AddReportFlags(CLI::App& verb, ReportFlags& flags) {
  verb.add_option(
      "--lang", flags.language,
      "en or zh (Chinese); else the locale's in tables and on pages, en in other forms");
}

Result<advisor::Language> LanguageFor(const ReportFlags& flags, Format format) {
  if (flags.language) return advisor::ParseLanguage(*flags.language);
  const bool for_people = format == Format::kTable || format == Format::kWide;
  return for_people ? LanguageOfLocale() : advisor::Language::kEnglish;
}

void ReportRefusal(Session& session, const ReportFlags& flags, const Error& error) {
  // Whichever form was asked for, also one that only graphs have.
  const auto format = ParseGraphFormat(session.output);
  const auto language = LanguageFor(flags, format.value_or(Format::kTable));
  session.Report(advisor::InLanguage(error, language.value_or(advisor::Language::kEnglish)));
}

void PrintReport(Session& session, const ReportFlags& flags,
                 const Result<advisor::Report>& report) {
  const auto format = ParseReportFormat(session.output);
  if (!format) return session.Report(format.error());
  const auto language = LanguageFor(flags, *format);
  if (!language) return session.Report(language.error());
  if (!report) return ReportRefusal(session, flags, report.error());
  switch (*format) {
    case Format::kJson:
    case Format::kYaml:
      return PrintValue(advisor::ToJson(*report, *language), *format);
    case Format::kMarkdown:
      return Print(advisor::RenderMarkdown(*report, *language));
    case Format::kCsv:
      return Print(advisor::RenderCsv(*report, *language));
    case Format::kSvg:
      return Print(advisor::RenderSvg(*report, *language));
    default:
      break;
  }
  Print(advisor::RenderTable(*report, *language, TerminalWidth()));
}

}  // namespace strata::cli
