// strata roadmap - stages, milestones and risks of the source documents.
#include "advisor/roadmap.h"

#include <memory>
#include <string>
#include <vector>

#include "report.h"
#include "verbs.h"

namespace strata::cli {

void AddRoadmap(CLI::App& app, Session& session) {
  struct Flags {
    ReportFlags report;
    std::vector<std::string> parts;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* verb = app.add_subcommand("roadmap", "Stages, milestones, risks and countermeasures");
  verb->add_option("part", flags->parts, "stages, milestones, risks, ...; none: all");
  AddReportFlags(*verb, flags->report);
  verb->footer(
      "Parts: stages, milestones, recommendations, phases, organisation, risk_control, risks,\n"
      "principles, data_and_trust, final_advice, forecasts. Needs no server.\n"
      "Examples:\n"
      "  strata roadmap stages milestones\n"
      "  strata roadmap risks --lang zh -o markdown");
  verb->callback(
      [&session, flags] { PrintReport(session, flags->report, advisor::Roadmap(flags->parts)); });
}

}  // namespace strata::cli
