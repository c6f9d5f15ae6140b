// report.h - what the advisor answers, printed as -o and --lang ask.
//
//   a verb --> advisor::... --> Result<Report> --> [ PrintReport ] --> standard output
//
// The one place where a report's formats are chosen; how they look is advisor/report's.
//
// Threads:  one. Errors: told by Session::Report, which sets the exit code; nothing is printed
//           then.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "advisor/report/report.h"
#include "base/result.h"
#include "client/session.h"

namespace strata::cli {

// "zh" where the locale (LC_ALL, LC_MESSAGES, LANG) is Chinese, else "en".
std::string LanguageOfLocale();

struct ReportFlags {
  std::string language = LanguageOfLocale();
};

// Adds --lang.
void AddReportFlags(CLI::App& verb, ReportFlags& flags);

// Prints the report, or why there is none. -o is table (also wide), json, yaml, markdown, csv or
// svg.
void PrintReport(Session& session, const ReportFlags& flags, const Result<advisor::Report>& report);

}  // namespace strata::cli
