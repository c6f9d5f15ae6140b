// strata fields - the reference of manifests, made of the schema that reads them.
#include "model/manifest/reference.h"
#include "output.h"
#include "verbs.h"

namespace strata::cli {
namespace {

void Fields(Session& session) {
  const auto format = session.format();
  if (!format) return session.Report(format.error());
  if (IsStructured(*format)) return PrintValue(model::FieldReferenceToJson(), *format);
  Print(model::FieldReference());
}

}  // namespace

void AddFields(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("fields", "Print every field of a manifest");
  verb->footer(
      "What each takes, what holds without it, which classes have it and what it means: tables in\n"
      "Markdown, or with -o json a list. Needs no server.\n"
      "Example:\n  strata fields | grep memory");
  verb->callback([&session] { Fields(session); });
}

}  // namespace strata::cli
