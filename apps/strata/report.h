// report.h - what the advisor answers, printed as -o and --lang ask.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "advisor/report/report.h"
#include "base/result.h"
#include "session.h"

namespace strata::cli {

struct ReportFlags {
  std::string language = "en";
};

// Adds --lang.
void AddReportFlags(CLI::App& verb, ReportFlags& flags);

// Prints the report, or why there is none. -o is table (also wide), json, yaml, markdown, csv or
// svg.
void PrintReport(Session& session, const ReportFlags& flags, const Result<advisor::Report>& report);

}  // namespace strata::cli
