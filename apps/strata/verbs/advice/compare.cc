// strata compare, strata align - concepts, classes and technologies side by side, and against
// others.
#include "advisor/compare/compare.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "records.h"
#include "report.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct CompareFlags {
  ReportFlags report;
  std::vector<std::string> subjects;
  std::vector<std::string> dimensions;
  std::string domain;
  std::string mapping;
  std::string record;
};

Result<advisor::Report> Answer(const Session& session, const CompareFlags& flags) {
  if (!flags.mapping.empty()) return advisor::CompareMapping(flags.mapping);
  auto record = LoadRecord(session, flags.record);
  if (!record) return std::unexpected(std::move(record).error());
  if (!flags.domain.empty()) return advisor::CompareDomain(flags.domain, *record);
  return advisor::Compare(
      {.subjects = flags.subjects, .dimensions = flags.dimensions, .record = std::move(*record)});
}

}  // namespace

void AddCompare(CLI::App& app, Session& session) {
  auto flags = std::make_shared<CompareFlags>();
  CLI::App* verb = app.add_subcommand("compare", "Concepts, classes or technologies side by side");
  auto* subjects =
      verb->add_option("subject", flags->subjects, "What to compare; none: what can be");
  auto* dimensions = verb->add_option("--dimension", flags->dimensions,
                                      "isolation, performance, security, resources, startup, "
                                      "scenarios, tech_stack or ecosystem; several are allowed");
  auto* domain = verb->add_option("--domain", flags->domain,
                                  "cloud, edge, microservices, security or observability");
  auto* mapping = verb->add_option("--mapping", flags->mapping, advisor::MappingNames());
  auto* record = verb->add_option("--record", flags->record,
                                  "Figures that 'strata measure --record' wrote, not the server's");
  for (CLI::Option* table : {domain, mapping}) {
    for (CLI::Option* other : {subjects, dimensions}) table->excludes(other);
  }
  mapping->excludes(record);
  domain->excludes(mapping);
  AddReportFlags(*verb, flags->report);
  verb->footer(
      "Shows what the source documents say, with document and section: definitions, attributes,\n"
      "eight matrices, stated orderings with whether the cells bear them out, relations. Where\n"
      "something was measured here, it stands beside the claim. Needs no server.\n"
      "Examples:\n"
      "  strata compare wasm container                # classes of this platform\n"
      "  strata compare sandboxing webassembly --dimension startup --lang zh\n"
      "  strata compare Docker WasmEdge K3s\n"
      "  strata compare --mapping togaf -o markdown");
  verb->callback(
      [&session, flags] { PrintReport(session, flags->report, Answer(session, *flags)); });
}

void AddAlign(CLI::App& app, Session& session) {
  struct AlignFlags {
    ReportFlags report;
    std::string name;
  };
  auto flags = std::make_shared<AlignFlags>();
  CLI::App* verb =
      app.add_subcommand("align", "A concept against Wikipedia, standards bodies and papers");
  verb->add_option("concept", flags->name,
                   "webassembly, service mesh, zero trust, ...; none: all contradictions");
  AddReportFlags(*verb, flags->report);
  verb->footer(
      "What is said to agree, what is missing, and where the documents contradict each other.\n"
      "Without a concept: the authorities, and every contradiction. Visits no address.\n"
      "Examples:\n"
      "  strata align webassembly\n"
      "  strata align -o json");
  verb->callback(
      [&session, flags] { PrintReport(session, flags->report, advisor::Align(flags->name)); });
}

}  // namespace strata::cli
