// strata crds - what a Kubernetes cluster has to be told, once, to take the same manifests.
#include "model/manifest/crd.h"
#include "output.h"
#include "verbs.h"

namespace strata::cli {

void AddCrds(CLI::App& app, Session&) {
  CLI::App* verb = app.add_subcommand("crds", "Print our kinds for a Kubernetes cluster");
  verb->footer("Needs no server.\nExample:\n  strata crds | kubectl apply --server-side -f -");
  verb->callback([] { Print(model::CustomResourceDefinitions()); });
}

}  // namespace strata::cli
