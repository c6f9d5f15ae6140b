// strata apply - deploys manifests: files, folders, standard input; --dry-run shows what would
// change.
#include <memory>
#include <string>
#include <vector>

#include "client/manifests.h"
#include "client/steps.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct ApplyFlags {
  std::vector<std::string> files;
  bool dry_run = false;
};

Colour ColourOf(const std::string& action) {
  if (action == "created") return Colour::kGreen;
  if (action == "configured") return Colour::kYellow;
  return Colour::kDim;
}

void PrintChanges(const Json& answer, bool with_diff) {
  Table table({"KIND", "NAMESPACE", "NAME", "ACTION", "CLASS", "REVISION", "URL"});
  for (const Json& change : answer["changes"]) {
    const std::string action = change["action"].get<std::string>();
    const auto revision = change["revision"].get<std::uint64_t>();
    table.Add({change["kind"].get<std::string>(), change["namespace"].get<std::string>(),
               change["name"].get<std::string>(), Paint(action, ColourOf(action)),
               change.contains("placement") ? change["placement"]["class"].get<std::string>() : "-",
               revision == 0 ? "-" : std::to_string(revision),
               change["urls"].empty() ? "-" : change["urls"][0].get<std::string>()});
  }
  Print(table.Render());
  for (const Json& change : answer["changes"]) {
    for (const Json& note : change.value("notes", Json::array())) {
      Print(change["namespace"].get<std::string>() + "/" + change["name"].get<std::string>() +
            ": " + note.get<std::string>() + ".\n");
    }
  }
  if (!with_diff) return;
  for (const Json& change : answer["changes"]) {
    if (change["diff"].empty() && !change.contains("placement")) continue;
    Print("\n" + change["kind"].get<std::string>() + " " + change["namespace"].get<std::string>() +
          "/" + change["name"].get<std::string>() + "\n");
    if (change.contains("placement")) {
      const Json& placement = change["placement"];
      Print("  runs in class " + placement["class"].get<std::string>() + ": " +
            placement.value("because", "") + "\n");
    }
    for (const Json& line : change["diff"]) Print("  " + line.get<std::string>() + "\n");
  }
}

void Apply(Session& session, const ApplyFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  auto files = ReadManifestFiles(flags.files);
  if (!files) return session.Report(files.error());
  std::string target = "/v1/apply?progress=true";
  if (flags.dry_run) target += "&dryRun=true";
  if (session.tenant_is_said) target += "&namespace=" + PercentEncode(session.tenant);
  auto answer = AskWithSteps(session, target, Json{{"files", *files}}, *format);
  if (!answer) return session.Report(answer.error());
  if (IsStructured(*format)) return PrintValue(*answer, *format);
  PrintChanges(*answer, flags.dry_run || *format == Format::kWide);
  if (flags.dry_run) Print("\nNothing was changed (--dry-run).\n");
}

}  // namespace

void AddApply(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ApplyFlags>();
  CLI::App* verb = app.add_subcommand("apply", "Deploy manifests, all or nothing");
  verb->add_option("-f,--file", flags->files, "A file, a folder (its *.yaml and *.yml), or -")
      ->required();
  verb->add_flag("--dry-run", flags->dry_run, "Check everything and show the changes, make none");
  verb->footer(
      "Examples:\n  strata apply -f function.yaml\n  strata apply -f ./manifests --dry-run\n"
      "  cat function.yaml | strata apply -f -\n  strata -n demo apply -f function.yaml\n\n"
      "-n is the namespace of manifests that name none; one that names another is refused.\n"
      "What takes long (pulling, unpacking, compiling, booting, starting) is shown on standard "
      "error;\n-o json shows it as JSON lines, {\"step\": ...}. Interrupting it ends a pull that "
      "nobody else waits for.");
  verb->callback([&session, flags] { Apply(session, *flags); });
}

}  // namespace strata::cli
