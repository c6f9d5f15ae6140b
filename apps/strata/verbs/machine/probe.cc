// strata probe - what this host can enforce, found by trying it; works without a server. With
// --api, what the server's host can.
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "base/text/json.h"
#include "host/process/process.h"
#include "isolation/classes.h"
#include "isolation/isolation.h"
#include "verbs.h"

namespace strata::cli {
namespace {

constexpr std::chrono::seconds kPatience{60};

// The keeper knows the classes, and tries.
Result<Json> ProbeHere() {
  auto ran = host::RunToEnd({.program = ProgramFolder() / "strata-keeper",
                             .arguments = {"--probe"},
                             .privileges = host::Privileges::kKeep},
                            kPatience, 1_MiB);
  if (!ran) return Wrap(std::move(ran).error(), "strata-keeper --probe");
  auto found = ParseJson(ran->out);
  if (!found || !found->contains("checks")) {
    return Fail(Errc::kInternal,
                "strata-keeper --probe: " + ran->status.ToString() + " " + ran->err);
  }
  return found;
}

// Which verbs a class refuses, whatever the host.
void PrintInabilities(const Json& result) {
  Table table({"CLASS", "CANNOT", "BECAUSE"});
  for (const Json& each : result["classes"]) {
    for (const Json& one : each["cannot"]) {
      table.Add({each["class"].get<std::string>(), one["verb"].get<std::string>(),
                 one["why"].get<std::string>()});
    }
  }
  Print("\n" + table.Render());
}

void Probe(Session& session) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  auto asked = session.is_remote() ? session.AskJson("GET", "/v1/probe") : ProbeHere();
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
  PrintInabilities(result);
}

}  // namespace

void AddProbe(CLI::App& app, Session& session) {
  auto isolation = std::make_shared<IsolationFlags>();
  CLI::App* verb = app.add_subcommand("probe", "What this host can enforce, found by trying");
  verb->footer(
      "Run it as the user that runs 'strata up': the answer depends on the user.\n"
      "With --isolation it needs a running server: it deploys small guests that try to escape, in\n"
      "every class, and removes them again. Exit code 1: one got further than it may. Limits of a\n"
      "call are tried as calls only; 'server', 'exec' and 'copy' try what reaches beyond a "
      "sandbox.");
  CLI::Option* battery =
      verb->add_flag("--isolation", isolation->wanted, "Try to break out of every class");
  verb->add_option("--class", isolation->classes, "Only this class; several are allowed")
      ->needs(battery);
  verb->add_option("--scenario", isolation->scenarios, "Only this scenario; several are allowed")
      ->needs(battery);
  verb->add_option("--through", isolation->through,
                   "How guests run: call, server, exec (beside a Service), copy (of a Service)")
      ->capture_default_str()
      ->needs(battery);
  verb->add_option("--native", isolation->native, "Outcomes of a native run, to show beside")
      ->needs(battery);
  verb->callback([&session, isolation] {
    isolation->wanted ? ProbeIsolation(session, *isolation) : Probe(session);
  });
}

}  // namespace strata::cli
