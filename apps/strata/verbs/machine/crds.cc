// strata crds - what a Kubernetes cluster has to be told, once, to take the same manifests.
#include "model/manifest/crd.h"
#include "output.h"
#include "verbs.h"

namespace strata::cli {
namespace {

void Crds(Session& session) {
  const auto format = session.format();
  if (!format) return session.Report(format.error());
  if (*format != Format::kJson) return Print(model::CustomResourceDefinitions());
  Json list{{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}};
  for (const model::Kind kind :
       {model::Kind::kFunction, model::Kind::kService, model::Kind::kRoute}) {
    list["items"].push_back(model::CustomResourceDefinition(kind));
  }
  PrintValue(list, *format);
}

}  // namespace

void AddCrds(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("crds", "Print our kinds for a Kubernetes cluster");
  verb->footer(
      "Needs no server. YAML documents, or with -o json one List.\n"
      "Example:\n  strata crds | kubectl apply --server-side -f -");
  verb->callback([&session] { Crds(session); });
}

}  // namespace strata::cli
