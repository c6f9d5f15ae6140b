// strata versions - the documents' technology versions beside what is installed here.
#include "advisor/versions.h"

#include <memory>

#include "inventory/features.h"
#include "report.h"
#include "verbs.h"

namespace strata::cli {

void AddVersions(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ReportFlags>();
  CLI::App* verb =
      app.add_subcommand("versions", "The documents' technology versions, and those here");
  AddReportFlags(*verb, *flags);
  verb->footer(
      "Asks each program that is installed for its version and the kernel for its release, and\n"
      "tries the features that the documents state, where that only reads and prints. Needs no\n"
      "server.\n"
      "Example:\n  strata versions -o json");
  verb->callback([&session, flags] {
    PrintReport(session, *flags, advisor::Versions(inventory::FindHere()));
  });
}

}  // namespace strata::cli
