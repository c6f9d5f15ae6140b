// strata model - a quantitative model of the source documents: its figures, which of its claims
// hold, what they depend on, and how uncertain they are.
#include <memory>
#include <string>

#include "advisor/models/report.h"
#include "advisor/models/run.h"
#include "records.h"
#include "report.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct ModelFlags {
  ReportFlags report;
  advisor::models::Question question;
  bool list = false;
  std::string record;
};

Result<advisor::Report> Answer(const Session& session, const ModelFlags& flags) {
  if (flags.list || flags.question.model.empty()) return advisor::models::ListModels();
  const auto run = advisor::models::Ask(flags.question);
  if (!run) return std::unexpected(run.error());
  const auto record = LoadRecord(session, flags.record);
  if (!record) return std::unexpected(record.error());
  return advisor::models::ReportOf(*run, *record);
}

}  // namespace

void AddModel(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ModelFlags>();
  advisor::models::Question& question = flags->question;
  CLI::App* verb = app.add_subcommand("model", "Models of the field, claims computed again");
  auto* name = verb->add_option("name", question.model, "A model; none: all of them");
  auto* list = verb->add_flag("--list", flags->list, "All models, and what became of their claims");
  list->excludes(name);
  CLI::Option* const of_one[] = {
      verb->add_option("--set", question.set, "A parameter: NAME=VALUE, with or without a unit"),
      verb->add_option("--of", question.of, "The output whose sensitivity is asked (the first)"),
      verb->add_option("--spread", question.spread,
                       "How uncertain a parameter is, as a share (0.1)"),
      verb->add_option("--draws", question.draws, "Of the Monte Carlo (10000); 0: none"),
      verb->add_option("--seed", question.seed, "Of the draws (1)"),
      verb->add_option("--record", flags->record,
                       "Figures that 'strata measure --record' wrote, not the server's")};
  for (CLI::Option* each : of_one) each->needs(name);
  AddReportFlags(*verb, flags->report);
  verb->footer(
      "Prints formula, parameters with their source or the assumption made for them, results, and\n"
      "each claim of the documents beside what is recomputed from the same figures. Then, one\n"
      "parameter at a time, what it does to an output, and all at once, drawn uniformly. The same\n"
      "seed prints the same. What 'strata measure' found here of the like stands beside it. Needs\n"
      "no server.\n"
      "Examples:\n"
      "  strata model --list\n"
      "  strata model npv --set discount_rate=8% --of wasm.npv\n"
      "  strata model startup_contract --set wasm.start=0.02s\n"
      "  strata model adoption --set wasm.E_growth=0.1 -o svg > adoption.svg");
  verb->callback(
      [&session, flags] { PrintReport(session, flags->report, Answer(session, *flags)); });
}

}  // namespace strata::cli
