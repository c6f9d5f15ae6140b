// strata probe - what this host can enforce, found by trying it; works without a server. With
// --api, what the server's host can.
#include "host/probe.h"

#include <string>
#include <utility>

#include "verbs.h"

namespace strata::cli {
namespace {

void Probe(Session& session) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  auto asked = session.is_remote() ? session.AskJson("GET", "/v1/probe")
                                   : Result<Json>(host::FeaturesToJson(host::ProbeHost()));
  if (!asked) return session.Report(asked.error());
  const Json result = std::move(*asked);
  if (IsStructured(*format)) return PrintValue(result, *format);
  Table table({"PROTECTION", "HERE", "FOUND", "WITHOUT IT"});
  for (const Json& check : result["checks"]) {
    const bool available = check["available"].get<bool>();
    table.Add({check["name"].get<std::string>(),
               Paint(available ? "yes" : "no", available ? Colour::kGreen : Colour::kRed),
               check["detail"].get<std::string>(),
               available ? "" : check["without"].get<std::string>()});
  }
  Print(table.Render());
}

}  // namespace

void AddProbe(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("probe", "What this host can enforce, found by trying");
  verb->footer("Run it as the user that runs 'strata up': the answer depends on the user.");
  verb->callback([&session] { Probe(session); });
}

}  // namespace strata::cli
