// strata top, status, version - live figures and what runs.
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "client/only_of.h"
#include "client/serving.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct TopFlags {
  double every_s = 0;  // 0: once
};

std::string RenderTop(const Json& answer) {
  Table table({"NAMESPACE", "FUNCTION", "CLASS", "REV", "REQUESTS", "ERRORS", "COLD", "REQ/S",
               "P50 MS", "P99 MS", "CPU MS", "NOW MIB", "PEAK MIB", "READY"});
  for (const Json& row : answer["functions"]) {
    const auto errors = row["errors"].get<std::uint64_t>();
    table.Add(
        {row["namespace"].get<std::string>(), row["name"].get<std::string>(),
         row["class"].get<std::string>(), RevisionOf(row["revision"], row), row["requests"].dump(),
         Paint(std::to_string(errors), errors > 0 ? Colour::kRed : Colour::kPlain),
         row["cold"].dump(), Fixed(row["rate"], 1), Fixed(row["p50_ms"], 2),
         Fixed(row["p99_ms"], 2), Fixed(row["cpu_ms"], 1),
         Fixed(row.value("memory_now_mib", Json()), 1), Fixed(row["memory_mib"], 1), ReadyOf(row)});
  }
  return table.Render();
}

void Top(Session& session, const TopFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  for (;;) {
    auto answer = session.AskJson("GET", "/v1/top");
    if (!answer) return session.Report(answer.error());
    KeepOnlyOf(session, (*answer)["functions"]);
    if (IsStructured(*format)) {
      PrintValue(*answer, *format);
    } else {
      if (flags.every_s > 0 && ColourOut()) Print("\x1b[H\x1b[2J");
      Print(RenderTop(*answer));
    }
    if (flags.every_s <= 0) return;
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::duration<double>(flags.every_s));
  }
}

void Status(Session& session) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  auto status = session.AskJson("GET", "/v1/status");
  if (!status) return session.Report(status.error());
  if (IsStructured(*format)) return PrintValue(*status, *format);
  Print("stratad " + (*status)["version"].get<std::string>() + " serves http://" +
        (*status)["listen"].get<std::string>() +
        (status->contains("apiListen")
             ? ", its API https://" + (*status)["apiListen"].get<std::string>()
             : "") +
        ", pid " + (*status)["pid"].dump() + ", instance " +
        (*status)["instance"].get<std::string>() + "\n");
  const Json& listener = (*status)["listener"];
  Print("its listener is " + listener["mode"].get<std::string>() + ": " +
        listener["why"].get<std::string>() + "\n\n");
  Table table({"CELL", "ROLE", "NAMESPACE", "PID", "GENERATION", "SANDBOXES"});
  for (const Json& cell : (*status)["cells"]) {
    const auto tenant = cell["namespace"].get<std::string>();
    table.Add({cell["name"].get<std::string>(), cell["role"].get<std::string>(),
               tenant.empty() ? "-" : tenant, cell["pid"].dump(), cell["generation"].dump(),
               cell["sandboxes"].dump()});
  }
  Print(table.Render());
}

void Version(Session& session) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  Json version{{"client", STRATA_VERSION}, {"server", nullptr}};
  auto status = session.AskJson("GET", "/v1/status");
  if (!status && session.is_remote()) return session.Report(status.error());
  if (status) {
    version["server"] = (*status)["version"];
    version["engine"] = (*status)["engine"];
  }
  if (IsStructured(*format)) return PrintValue(version, *format);
  Print("strata " STRATA_VERSION "\n");
  Print(status ? "stratad " + (*status)["version"].get<std::string>() + "\n"
               : std::string("stratad does not run\n"));
}

}  // namespace

void AddTop(CLI::App& app, Session& session) {
  auto flags = std::make_shared<TopFlags>();
  CLI::App* verb = app.add_subcommand("top", "Live figures of each function");
  verb->add_option("-w,--watch", flags->every_s, "Again every so many seconds")
      ->check(CLI::Range(0.1, 3600.0));
  verb->footer(
      "Of every namespace, unless -n says one.\n"
      "Figures count since the server started; REQ/S is of the last ten seconds. REV is the "
      "newest\n"
      "that was called; where it has not all of the traffic, it says which revision has.\n"
      "READY is of services: replicas that serve / are to serve, and the most there may be.");
  verb->callback([&session, flags] { Top(session, *flags); });
}

void AddStatus(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("status", "The server and its cells");
  verb->callback([&session] { Status(session); });
}

void AddVersion(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("version", "Versions of this program and of the server");
  verb->callback([&session] { Version(session); });
}

}  // namespace strata::cli
