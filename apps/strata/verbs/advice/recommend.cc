// strata recommend - which class for a workload: asked on the terminal, said by flags, or read from
// a manifest.
#include "advisor/recommend/recommend.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "advisor/recommend/case.h"
#include "advisor/recommend/documents/rule_variables.h"
#include "advisor/recommend/documents/tables.h"
#include "advisor/recommend/documents/trees.h"
#include "advisor/report/refusal.h"
#include "advisor/report/text.h"
#include "client/manifests.h"
#include "model/manifest/local_paths.h"
#include "model/manifest/manifest.h"
#include "output.h"
#include "records.h"
#include "report.h"
#include "verbs.h"

namespace strata::cli {
namespace {

using advisor::Case;
using advisor::Language;
using advisor::Refusal;
using advisor::Refuse;
using advisor::Text;
using advisor::Variable;

struct RecommendFlags {
  ReportFlags report;
  std::vector<std::string> said;  // VARIABLE=VALUE
  std::string from;
  std::string like;
  std::optional<std::string> name;      // nothing: the manifest's, or the question's own
  std::optional<std::string> artifact;  // the same
  std::string record;
  bool ask = false;
  bool manifest = false;
  advisor::RecommendQuestion question;
};

// The Function or Service of a manifest says what is asked for; of several it is not known which.
Result<void> TakeManifest(const std::string& path, advisor::RecommendQuestion& question) {
  // Its local paths are relative to its folder, and what is printed may lie in another.
  const std::string here = std::filesystem::current_path().string();
  const auto files = ReadManifestFiles({path});
  if (!files) return std::unexpected(files.error());
  std::vector<std::string> found;
  for (const Json& file : *files) {
    auto resources = model::ParseManifests(file.at("text").get_ref<const std::string&>(),
                                           file.at("name").get_ref<const std::string&>());
    if (!resources) {
      return Refuse(resources.error().code, Refusal::kWrongManifest, {resources.error().message});
    }
    for (model::Resource& resource : *resources) {
      if (resource.workload() == nullptr) continue;
      found.push_back(std::string(model::KindName(resource.kind())) + " " + resource.metadata.name);
      if (found.size() > 1) continue;
      const std::string& folder = file.at("dir").get_ref<const std::string&>();
      if (folder != here) model::ResolveLocalPaths(resource, folder);
      advisor::Take(std::move(resource), question);
    }
  }
  if (found.size() == 1) return {};
  if (found.size() > 1) {
    return Refuse(Errc::kInvalidArgument, Refusal::kSeveralWorkloads,
                  {path, advisor::Listed(found)});
  }
  return Refuse(Errc::kInvalidArgument, Refusal::kNoWorkload, {path});
}

Text Choices(const Variable& variable, const std::vector<std::string>& words) {
  if (words.empty()) {
    if (variable.most <= 1) return {"0 to 1", "0 至 1"};
    const Text number{"a number", "数值"};
    return variable.unit.empty()
               ? number
               : Text{number.en + ", in " + variable.unit, number.zh + "，单位 " + variable.unit};
  }
  std::vector<std::string> choices;
  for (const std::string& word : words) choices.push_back(advisor::ShowChoice(variable, word));
  return {advisor::Listed(words), advisor::Listed(choices, "、")};
}

// What is worth asking next: first what the scheduler's rule goes by, from which much follows, then
// what a tree stopped at. nullptr: nothing that is not among `open`.
const Variable* NextQuestion(const Case& about, const std::set<std::string>& open) {
  const auto& variables = advisor::Variables();
  for (const char* first : {"security_requirement", "compatibility_requirement",
                            "performance_requirement", "function_type"}) {
    if (about.Find(first) || open.contains(first)) continue;
    return &*std::ranges::find(variables, first, &Variable::id);
  }
  for (const advisor::Walk& walk : advisor::WalkAll(about)) {
    if (walk.missing.empty() || open.contains(walk.missing)) continue;
    return &*std::ranges::find(variables, walk.missing, &Variable::id);
  }
  return nullptr;
}

// What is worth asking last: what the documents' rules go by. nullptr: the same.
const Variable* NextOfRules(const Case& about, const std::set<std::string>& open) {
  for (const std::string& asked : advisor::AskedByRules(about)) {
    if (open.contains(asked)) continue;
    return &*std::ranges::find(advisor::Variables(), asked, &Variable::id);
  }
  return nullptr;
}

// "; else 0.38, by 002 C§7.2", of what a document gives. Empty: none does.
Text LeftOpen(const Variable& variable) {
  for (const advisor::GivenFigure& each : advisor::GivenFigures()) {
    if (each.variable != variable.id) continue;
    const std::string figure = advisor::ShowValue(Json(each.value));
    return {"; else " + figure + ", by " + each.source,
            "；跳过则取 " + figure + "（" + each.source + "）"};
  }
  return {};
}

// A line that was typed; nothing: the input has ended, or the question is left open.
std::optional<std::string> Ask(const std::string& prompt) {
  std::cerr << prompt << "? " << std::flush;
  std::string line;
  if (!std::getline(std::cin, line) || line.empty()) return std::nullopt;
  return line;
}

void PrintRefusal(const Error& error, Language language) {
  PrintError(advisor::InLanguage(error, language).message);
}

// Set, unless it does not go with what was said before.
Result<void> SetChecked(Case& about, const std::string& variable, const std::string& value) {
  Case with = about;
  if (auto set = with.Set(variable, value); !set) return set;
  if (auto good = with.Check(); !good) return good;
  about = std::move(with);
  return {};
}

// What `next` finds, until it finds nothing; `open` are those that nobody answered.
void AskForVariables(Case& about, Language language, std::set<std::string>& open,
                     const auto& next) {
  while (std::cin) {
    const Variable* variable = next(about, open);
    if (variable == nullptr) return;
    const Text choices = Choices(*variable, about.WordsOf(*variable));
    const auto said = Ask(variable->label.In(language) + " (" + choices.In(language) +
                          LeftOpen(*variable).In(language) + ")");
    if (!std::cin) return;
    if (!said) {
      open.insert(variable->id);
    } else if (auto set = SetChecked(about, variable->id, *said); !set) {
      PrintRefusal(set.error(), language);
    }
  }
}

std::vector<std::string> WordsOf(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream parts(line);
  for (std::string word; std::getline(parts, word, ',');) {
    const std::size_t begin = word.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    words.push_back(word.substr(begin, word.find_last_not_of(' ') + 1 - begin));
  }
  return words;
}

// Until what `take` makes of an answer is known.
void AskUntilKnown(const Text& prompt, Language language, advisor::RecommendQuestion& question,
                   const auto& take) {
  const advisor::RecommendQuestion before = question;
  while (std::cin) {
    const auto said = Ask(prompt.In(language));
    if (!said) return;
    take(*said);
    const auto known = advisor::Recommend(question);
    if (known) return;
    PrintRefusal(known.error(), language);
    question = before;
  }
}

// For the manifest that the answer ends in; one of --from has both.
void AskForManifest(RecommendFlags& flags, Language language) {
  advisor::RecommendQuestion& question = flags.question;
  if (question.from) return;
  if (!flags.name) {
    const std::string& name = question.name;
    AskUntilKnown({"name of the workload (else " + name + ")", "负载名称（跳过则取 " + name + "）"},
                  language, question,
                  [&question](const std::string& said) { question.name = said; });
  }
  if (!flags.artifact) {
    AskUntilKnown({"artifact (./FILE.wasm, oci:./LAYOUT, ...; else a place-holder)",
                   "制品（./FILE.wasm、oci:./LAYOUT ……；跳过则用占位符）"},
                  language, question,
                  [&question](const std::string& said) { question.artifact = said; });
  }
}

void AskOnTerminal(RecommendFlags& flags, Language language) {
  advisor::RecommendQuestion& question = flags.question;
  std::cerr << Text{"Enter alone leaves a question open.\n", "直接回车跳过该问题。\n"}.In(language);
  std::set<std::string> open;
  AskForVariables(question.about, language, open, NextQuestion);
  const auto rows = [&](const Text& prompt, std::vector<std::string>& to) {
    AskUntilKnown(prompt, language, question, [&to](const std::string& said) {
      for (std::string& word : WordsOf(said)) to.push_back(std::move(word));
    });
  };
  rows({"devices (USB, PCI, GPU, pass-through, vGPU, SR-IOV; commas between them)",
        "设备（USB、PCI、GPU、直通、vGPU、SR-IOV；以逗号分隔）"},
       question.devices);
  rows({"kernel features (epoll, io_uring)", "内核特性（epoll, io_uring）"}, question.features);
  rows({"needs (edge, serverless, low_latency, ...)", "需求（edge, serverless, low_latency ...）"},
       question.needs);
  AskUntilKnown({"scores of a scenario (finance_risk, flash_sale, erp, iot_edge, ai_training)",
                 "场景评分（finance_risk, flash_sale, erp, iot_edge, ai_training）"},
                language, question,
                [&question](const std::string& said) { question.weights = said; });
  AskForVariables(question.about, language, open, NextOfRules);
  AskForManifest(flags, language);
}

Result<void> Fill(RecommendFlags& flags) {
  const auto language = LanguageFor(flags.report, Format::kTable);
  if (!language) return std::unexpected(language.error());
  if (!flags.from.empty()) {
    if (auto taken = TakeManifest(flags.from, flags.question); !taken) return taken;
  }
  for (const std::string& each : flags.said) {
    if (auto said = flags.question.about.Say(each); !said) return said;
  }
  if (flags.ask) {
    if (::isatty(STDIN_FILENO) == 0) {
      return Refuse(Errc::kInvalidArgument, Refusal::kNoTerminal, {});
    }
    AskOnTerminal(flags, *language);
  }
  if (flags.name) flags.question.name = *flags.name;
  if (flags.artifact) flags.question.artifact = *flags.artifact;
  return {};
}

// Beside the manifest, which may be piped on.
void PrintNotes(const advisor::Recommendation& recommended, const ReportFlags& flags) {
  const auto language = LanguageFor(flags, Format::kTable);
  for (const advisor::Text& note : recommended.manifest_notes) {
    PrintError(note.In(language.value_or(advisor::Language::kEnglish)));
  }
}

void Run(Session& session, RecommendFlags& flags) {
  if (!flags.like.empty()) {
    const auto record = LoadRecord(session, flags.record);
    if (!record) return session.Report(record.error());
    return PrintReport(session, flags.report, advisor::LikeCase(flags.like, *record));
  }
  const auto format = ParseReportFormat(session.output);
  if (!format) return session.Report(format.error());
  if (flags.manifest && *format != Format::kTable && !IsStructured(*format)) {
    const auto refused = Refuse(Errc::kInvalidArgument, Refusal::kManifestForm, {session.output});
    return ReportRefusal(session, flags.report, refused.error());
  }
  if (auto filled = Fill(flags); !filled) {
    return ReportRefusal(session, flags.report, filled.error());
  }
  if (!flags.manifest) {  // which shows nothing that was measured
    auto record = LoadRecord(session, flags.record);
    if (!record) return session.Report(record.error());
    flags.question.record = *std::move(record);
  }
  auto recommended = advisor::Recommend(flags.question);
  if (!recommended) return ReportRefusal(session, flags.report, recommended.error());
  if (flags.manifest) {
    PrintNotes(*recommended, flags.report);
    const Format form = *format == Format::kJson ? Format::kJson : Format::kYaml;
    return PrintValue(recommended->manifest, form);
  }
  PrintReport(session, flags.report, std::move(recommended->report));
}

std::string VariablesText() {
  std::string text = "Variables:\n";
  for (const Variable& each : advisor::Variables()) {
    text += "  " + each.id + ": " + Choices(each, each.words).en + "\n";
  }
  return text;
}

std::string Footer() {
  return "Walks the six decision trees and rule lists of the source documents, shows the path in "
         "each,\n"
         "where they disagree, and one answer with how many trees agree. Needs no server; what "
         "the\n"
         "platform itself chooses, by what it measured, says 'strata explain'.\n\n" +
         VariablesText() +
         "\nExamples:\n"
         "  strata recommend --ask\n"
         "  strata recommend --set security_requirement=High --set latency_ms=50 --set "
         "can_refactor=true\n"
         "  strata recommend --from function.yaml --lang zh\n"
         "  strata recommend --set performance_requirement=High --set function_type=true \\\n"
         "    --artifact ./app.wasm --manifest | strata apply --dry-run -f -";
}

}  // namespace

void AddRecommend(CLI::App& app, Session& session) {
  auto flags = std::make_shared<RecommendFlags>();
  CLI::App* verb = app.add_subcommand("recommend", "Which class for a workload, and why");
  verb->add_option(
      "--set", flags->said,
      "VARIABLE=VALUE, as listed below, a number with or without a unit; several are allowed");
  verb->add_option("--from", flags->from, "A manifest that says what is asked for, or -");
  verb->add_flag("--ask", flags->ask,
                 "Ask on the terminal for what the trees, the rules and the manifest want");
  verb->add_option("--need", flags->question.needs,
                   "A row of the stack tables: edge, serverless, low_latency, ...");
  verb->add_option("--device", flags->question.devices,
                   "USB, PCI, GPU, pass-through, vGPU, SR-IOV; of the first two which one: "
                   "usb:VENDOR:PRODUCT");
  verb->add_option("--kernel", flags->question.features, "epoll or io_uring");
  verb->add_option("--weights", flags->question.weights,
                   "Scores of a scenario: finance_risk, flash_sale, erp, iot_edge, ai_training");
  verb->add_option("--name", flags->name, "Of the manifest that the answer ends in");
  verb->add_option("--artifact", flags->artifact, "Of the same");
  CLI::Option* manifest = verb->add_flag("--manifest", flags->manifest,
                                         "Print only the manifest that the answer ends in");
  const std::vector<CLI::Option*> others =
      verb->get_options([](const CLI::Option* option) { return option->get_name() != "--help"; });
  CLI::Option* like = verb->add_option(
      "--like", flags->like,
      "Instead: a case study or business case: cloud_native, edge_iot, ecommerce, ...");
  for (CLI::Option* other : others) like->excludes(other);
  verb->add_option("--record", flags->record,
                   "Figures that 'strata measure --record' wrote, not the server's")
      ->excludes(manifest);
  AddReportFlags(*verb, flags->report);
  // Made when help is asked for: it reads the facts.
  verb->footer([] { return Footer(); });
  verb->callback([&session, flags] { Run(session, *flags); });
}

}  // namespace strata::cli
