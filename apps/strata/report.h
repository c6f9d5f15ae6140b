// report.h - what the advisor answers, printed as -o and --lang ask.
//
//   a verb --> advisor::... --> Result<Report> --> [ PrintReport ] --> standard output
//
// The one place where a report's formats are chosen; how they look is advisor/report's.
//
// Threads:  one. Errors: told by Session::Report, which sets the exit code; nothing is printed
//           then.
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/result.h"
#include "client/session.h"
#include "output.h"

namespace strata::cli {

struct ReportFlags {
  std::optional<std::string> language;
};

// Adds --lang.
void AddReportFlags(CLI::App& verb, ReportFlags& flags);

// That of --lang. Without it English for what programs read, as scripts do not run in their
// writer's locale; and for people, who read a table (also wide), questions and a page, Chinese
// where the locale (LC_ALL, LC_MESSAGES, LANG) is. kInvalidArgument: --lang names no language.
Result<advisor::Language> LanguageFor(const ReportFlags& flags, Format format);

// Why the advisor does not answer, in the language that LanguageFor says; as Session::Report.
void ReportRefusal(Session& session, const ReportFlags& flags, const Error& error);

// Prints the report, or why there is none. -o is table (also wide), json, yaml, markdown, csv or
// svg.
void PrintReport(Session& session, const ReportFlags& flags, const Result<advisor::Report>& report);

}  // namespace strata::cli
