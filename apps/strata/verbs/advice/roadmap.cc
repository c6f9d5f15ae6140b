// strata roadmap - stages, milestones and risks of the source documents; with --system, what of
// them the server runs.
#include "advisor/roadmap.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/installation.h"
#include "report.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct RoadmapFlags {
  ReportFlags report;
  std::vector<std::string> parts;
  bool system = false;
};

void ShowRoadmap(Session& session, const RoadmapFlags& flags) {
  std::optional<advisor::Installation> installation;
  if (flags.system) {
    auto asked = AskInstallation(session);
    if (!asked) return session.Report(asked.error());
    installation = std::move(*asked);
  }
  PrintReport(session, flags.report, advisor::Roadmap(flags.parts, installation));
}

}  // namespace

void AddRoadmap(CLI::App& app, Session& session) {
  auto flags = std::make_shared<RoadmapFlags>();
  CLI::App* verb = app.add_subcommand("roadmap", "Stages, milestones, risks and countermeasures");
  verb->add_option("part", flags->parts, "stages, milestones, risks, ...; none: all");
  verb->add_flag("--system", flags->system, "Also what of the stages the server runs");
  AddReportFlags(*verb, flags->report);
  verb->footer(
      "Parts: stages, milestones, recommendations, phases, organisation, risk_control, risks,\n"
      "principles, data_and_trust, final_advice, forecasts; with --system, which alone needs a\n"
      "server, also system.\n"
      "Examples:\n"
      "  strata roadmap stages milestones\n"
      "  strata roadmap --system system\n"
      "  strata roadmap risks --lang zh -o markdown");
  verb->callback([&session, flags] { ShowRoadmap(session, *flags); });
}

}  // namespace strata::cli
