// strata graph - the knowledge graph of the source documents: nodes, ways between them, diagrams,
// words, what to learn and what to read.
#include <memory>
#include <string>
#include <vector>

#include "advisor/graph/answers.h"
#include "advisor/graph/export.h"
#include "advisor/graph/glossary.h"
#include "advisor/system.h"
#include "client/installation.h"
#include "inventory/graphviz.h"
#include "report.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct GraphFlags {
  ReportFlags report;
  std::string type;
  std::string name;
  std::string relation;
  std::string to;
  std::vector<std::string> known;
  std::string level = "container";
  bool c4 = false;
  bool system = false;
};
using Flags = std::shared_ptr<GraphFlags>;

// Prints the answer as a report, or its graph where -o is a form of graphs.
void PrintAnswer(Session& session, const ReportFlags& flags,
                 const Result<advisor::GraphAnswer>& answer) {
  const auto format = ParseGraphFormat(session.output);
  if (!format) return session.Report(format.error());
  const auto language = LanguageFor(flags, *format);
  if (!language) return session.Report(language.error());
  if (!answer) return ReportRefusal(session, flags, answer.error());
  switch (*format) {
    case Format::kMermaid:
      return Print(advisor::ToMermaid(answer->graph, *language));
    case Format::kDot:
      return Print(advisor::ToDot(answer->graph, *language));
    case Format::kJsonLd:
      return PrintValue(advisor::ToJsonLd(answer->graph), Format::kJson);
    case Format::kGraphMl:
      return Print(advisor::ToGraphMl(answer->graph));
    case Format::kSvg: {
      const auto picture = inventory::DrawWithGraphviz(advisor::ToDot(answer->graph, *language));
      if (!picture) return ReportRefusal(session, flags, picture.error());
      return Print(*picture);
    }
    default:
      return PrintReport(session, flags, answer->report);
  }
}

CLI::App* AddPart(CLI::App& verb, const Flags& flags, const char* name, const char* help) {
  CLI::App* part = verb.add_subcommand(name, help);
  AddReportFlags(*part, flags->report);
  return part;
}

void AddPictures(CLI::App& verb, Session& session, const Flags& flags) {
  CLI::App* nodes = AddPart(verb, flags, "nodes", "What the graph is about");
  nodes->add_option("--type", flags->type, "concept, technology, interface, pattern, ...");
  nodes->callback(
      [&session, flags] { PrintAnswer(session, flags->report, advisor::Entities(flags->type)); });
  CLI::App* diagram = AddPart(verb, flags, "diagram", "One of the diagrams");
  diagram->add_option("name", flags->name, "Its id or title")->required();
  diagram->callback(
      [&session, flags] { PrintAnswer(session, flags->report, advisor::Diagram(flags->name)); });
  CLI::App* layer = AddPart(verb, flags, "layer", "What is in one layer of a diagram");
  layer->add_option("name", flags->name, "Its id or title")->required();
  layer->callback(
      [&session, flags] { PrintAnswer(session, flags->report, advisor::Layer(flags->name)); });
}

void AddWays(CLI::App& verb, Session& session, const Flags& flags) {
  CLI::App* neighbours = AddPart(verb, flags, "neighbours", "What a node is and what is beside it");
  neighbours->add_option("node", flags->name, "A node")->required();
  neighbours->callback(
      [&session, flags] { PrintAnswer(session, flags->report, advisor::Neighbours(flags->name)); });
  CLI::App* path = AddPart(verb, flags, "path", "The shortest way from one node to another");
  path->add_option("from", flags->name, "A node")->required();
  path->add_option("to", flags->to, "Another")->required();
  path->callback([&session, flags] {
    PrintAnswer(session, flags->report, advisor::Path(flags->name, flags->to));
  });
  CLI::App* why = AddPart(verb, flags, "why", "Who says that a node is related to another so");
  why->add_option("from", flags->name, "A node")->required();
  why->add_option("relation", flags->relation, "depends-on, runs-on, uses, ...")->required();
  why->add_option("to", flags->to, "Another")->required();
  why->callback([&session, flags] {
    PrintAnswer(session, flags->report, advisor::Why(flags->name, flags->relation, flags->to));
  });
}

void AddWords(CLI::App& verb, Session& session, const Flags& flags) {
  CLI::App* term = AddPart(verb, flags, "term", "What a word means, in both languages");
  term->add_option("word", flags->name, "English or Chinese, or a part; none: all");
  term->callback(
      [&session, flags] { PrintReport(session, flags->report, advisor::Glossary(flags->name)); });
  CLI::App* learn = AddPart(verb, flags, "learn", "A learning path, and its next step");
  learn->add_option("path", flags->name, "beginner, advanced, expert; none: all");
  learn->add_option("--know", flags->known, "Concepts that are known: image,Pod")->delimiter(',');
  learn->callback([&session, flags] {
    PrintReport(session, flags->report, advisor::Learning(flags->name, flags->known));
  });
  CLI::App* doc = AddPart(verb, flags, "doc", "What to read for a goal");
  doc->add_option("goal", flags->name, "As in 'service mesh'; none: all goals");
  doc->callback(
      [&session, flags] { PrintReport(session, flags->report, advisor::Documents(flags->name)); });
}

Result<advisor::GraphAnswer> DrawSystem(Session& session, const GraphFlags& flags) {
  const auto level = advisor::ParseC4Level(flags.level);
  if (!level) return std::unexpected(level.error());
  const auto installation = AskInstallation(session);
  if (!installation) return std::unexpected(installation.error());
  return advisor::SystemAnswer(*installation, *level);
}

void ShowWhole(Session& session, const CLI::App& verb, const GraphFlags& flags) {
  if (!verb.get_subcommands().empty()) return;
  if (!flags.c4) return PrintAnswer(session, flags.report, advisor::Overview());
  PrintAnswer(session, flags.report, DrawSystem(session, flags));
}

}  // namespace

void AddGraph(CLI::App& app, Session& session) {
  auto flags = std::make_shared<GraphFlags>();
  CLI::App* verb = app.add_subcommand("graph", "What depends on what, and what words mean");
  verb->require_subcommand(0, 1);
  AddReportFlags(*verb, flags->report);
  CLI::Option* c4 =
      verb->add_flag("--c4", flags->c4, "In the words of the C4 model; needs --system");
  CLI::Option* system =
      verb->add_flag("--system", flags->system, "What the server runs, not what is written");
  c4->needs(system);
  system->needs(c4);
  verb->add_option("--level", flags->level, "Of a picture: context, container or component")
      ->needs(c4);
  AddPictures(*verb, session, flags);
  AddWays(*verb, session, flags);
  AddWords(*verb, session, flags);
  for (CLI::App* part : verb->get_subcommands({})) part->excludes(c4);
  verb->footer(
      "The diagrams of the source documents, laid over each other; alone it lists them. Every "
      "edge\n"
      "names the documents that have it. -o also mermaid, dot, jsonld and graphml of what is a\n"
      "graph; svg of that is drawn by Graphviz's dot. Needs no server, but for --system: that "
      "draws\n"
      "processes, workloads and routes of an installation, in C4's three levels.\n"
      "Examples:\n"
      "  strata graph neighbours kuasar\n"
      "  strata graph path Docker WasmEdge\n"
      "  strata graph why kata depends-on qemu\n"
      "  strata graph diagram knowledge_graph -o mermaid\n"
      "  strata graph learn beginner --know container,image\n"
      "  strata graph term 沙盒 --lang zh\n"
      "  strata graph doc 'policy as code'\n"
      "  strata graph --c4 --system --level component -o mermaid");
  verb->callback([verb, &session, flags] { ShowWhole(session, *verb, *flags); });
}

}  // namespace strata::cli
