// strata snapshot, restore, fork - a service's sandboxes as they run, saved and copied.
#include <cstdint>
#include <memory>
#include <string>

#include "client/done.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct Flags {
  std::string service;
  std::string name;
  std::string sandbox;
  std::string end;
  std::uint32_t count = 1;
  bool remove = false;
};

std::string PathOf(const Session& session, const std::string& service, const std::string& what) {
  return ResourcePath(session.tenant, "services", service) + "/" + what;
}

void PrintIds(Session& session, const Json& answer) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  if (IsStructured(*format)) return PrintValue(answer, *format);
  for (const Json& id : answer["sandboxes"]) Print(id.get<std::string>() + "\n");
}

void List(Session& session, const Flags& flags) {
  auto found = session.AskJson("GET", PathOf(session, flags.service, "sandboxes"));
  if (!found) return session.Report(found.error());
  auto format = session.format();
  if (!format) return session.Report(format.error());
  if (IsStructured(*format)) return PrintValue(*found, *format);
  Table table({"NAME", "IS"});
  const auto add = [&](const char* member, const char* is) {
    for (const Json& name : (*found)[member]) table.Add({name.get<std::string>(), is});
  };
  add("replicas", "replica");
  add("forks", "fork");
  add("snapshots", "snapshot");
  Print(table.Render());
}

void Snapshot(Session& session, const Flags& flags) {
  if (flags.name.empty()) return List(session, flags);
  if (flags.remove) {
    const std::string path = "snapshots/" + PercentEncode(flags.name);
    auto gone = session.AskJson("DELETE", PathOf(session, flags.service, path));
    if (!gone) return session.Report(gone.error());
    return PrintDone(session, "deleted", "snapshot", session.tenant, flags.name, flags.service);
  }
  Json body{{"name", flags.name}};
  if (!flags.sandbox.empty()) body["sandbox"] = flags.sandbox;
  auto saved = session.AskJson("POST", PathOf(session, flags.service, "snapshots"), body);
  if (!saved) return session.Report(saved.error());
  PrintDone(session, "saved", "snapshot", session.tenant, flags.name, flags.service);
}

void Restore(Session& session, const Flags& flags) {
  const Json body{{"snapshot", flags.name}};
  auto done = session.AskJson("POST", PathOf(session, flags.service, "restore"), body);
  if (!done) return session.Report(done.error());
  PrintIds(session, *done);
}

void Fork(Session& session, const Flags& flags) {
  if (!flags.end.empty()) {
    const std::string path = "forks/" + PercentEncode(flags.end);
    auto gone = session.AskJson("DELETE", PathOf(session, flags.service, path));
    if (!gone) return session.Report(gone.error());
    return PrintDone(session, "ended", "fork", session.tenant, flags.end, flags.service);
  }
  Json body{{"count", flags.count}};
  if (!flags.sandbox.empty()) body["sandbox"] = flags.sandbox;
  auto made = session.AskJson("POST", PathOf(session, flags.service, "forks"), body);
  if (!made) return session.Report(made.error());
  PrintIds(session, *made);
}

}  // namespace

void AddSnapshot(CLI::App& app, Session& session) {
  auto flags = std::make_shared<Flags>();
  CLI::App* verb = app.add_subcommand("snapshot", "Save a service's sandbox as it runs");
  verb->add_option("service", flags->service, "The service")->required();
  CLI::Option* name =
      verb->add_option("name", flags->name, "What to call it; without one, what there is");
  verb->add_option("--sandbox", flags->sandbox, "Which of its sandboxes; any without")->needs(name);
  verb->add_flag("--delete", flags->remove, "Forget it")->needs(name);
  verb->footer(
      "strata snapshot web before\n"
      "strata restore web before\n"
      "strata snapshot web                  # replicas, forks and snapshots\n"
      "Memory, processes and files are saved; the sandbox stands still meanwhile, and "
      "goes\n"
      "on. Class microvm only. A snapshot is kept in memory until the service's next revision, or\n"
      "the end of its keeper; a service has 16 at most.");
  verb->callback([&session, flags] { Snapshot(session, *flags); });
}

void AddRestore(CLI::App& app, Session& session) {
  auto flags = std::make_shared<Flags>();
  CLI::App* verb = app.add_subcommand("restore", "Let a service's sandboxes go on from a snapshot");
  verb->add_option("service", flags->service, "The service")->required();
  verb->add_option("snapshot", flags->name, "The snapshot")->required();
  verb->footer(
      "Every replica is asked to end, and another takes its place; it prints their ids. They have\n"
      "the present time, new randomness and host names of their own. Requests that are running "
      "are\n"
      "cut off at the replica's end; new ones wait for the next.");
  verb->callback([&session, flags] { Restore(session, *flags); });
}

void AddFork(CLI::App& app, Session& session) {
  auto flags = std::make_shared<Flags>();
  CLI::App* verb = app.add_subcommand("fork", "Copy a service's running sandbox");
  verb->add_option("service", flags->service, "The service")->required();
  verb->add_option("--count", flags->count, "How many copies")->check(CLI::Range(1, 64));
  verb->add_option("--sandbox", flags->sandbox, "Which of its sandboxes; any without");
  verb->add_option("--end", flags->end, "End this copy instead");
  verb->footer(
      "strata fork web --count 3\n"
      "strata exec web --sandbox web-fork-2 -- /bin/ls /\n"
      "Copies go on from where the sandbox is, share its memory until they write, and are reached\n"
      "with exec and cp; requests go to the replicas only. They end with the service's revision.");
  verb->callback([&session, flags] { Fork(session, *flags); });
}

}  // namespace strata::cli
