// strata probe - what this host can enforce, found by trying it; works without a server. With
// --api, what the server's host can.
#include "host/probe.h"

#include <string>
#include <utility>

#include "verbs.h"

namespace strata::cli {
namespace {

Json ProbeJson() {
  Json checks = Json::array();
  for (const host::Feature& feature : host::ProbeHost()) {
    checks.push_back({{"name", feature.name},
                      {"available", feature.available},
                      {"detail", feature.detail},
                      {"without", feature.without}});
  }
  return Json{{"checks", std::move(checks)}};
}

void Probe(Session& session) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  auto asked =
      session.is_remote() ? session.AskJson("GET", "/v1/probe") : Result<Json>(ProbeJson());
  if (!asked) return session.Report(asked.error());
  const Json result = std::move(*asked);
  if (*format == Format::kJson || *format == Format::kYaml) return PrintValue(result, *format);
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
