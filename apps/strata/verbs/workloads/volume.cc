// strata volume - named volumes: list, describe, delete. Manifests make them.
#include <memory>
#include <string>

#include "client/done.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct VolumeFlags {
  std::string name;
  bool all = false;
};

std::string PathOf(const Session& session, const VolumeFlags& flags) {
  return "/v1/volumes/" + PercentEncode(session.tenant) + "/" + PercentEncode(flags.name);
}

void List(Session& session, const VolumeFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  const std::string of = flags.all ? "" : "?namespace=" + PercentEncode(session.tenant);
  auto answer = session.AskJson("GET", "/v1/volumes" + of);
  if (!answer) return session.Report(answer.error());
  if (IsStructured(*format)) return PrintValue(*answer, *format);
  Table table({"NAMESPACE", "NAME", "SIZE MIB", "RETAIN", "USED BY"});
  for (const Json& volume : (*answer)["items"]) {
    const Json& users = volume["users"];
    std::string used = users.empty() ? "-" : users[0].get<std::string>();
    if (users.size() > 1) used += " and " + std::to_string(users.size() - 1) + " more";
    table.Add({volume["namespace"].get<std::string>(), volume["name"].get<std::string>(),
               volume["size_mib"].dump(), volume["retain"].get<bool>() ? "yes" : "no", used});
  }
  Print(table.Render());
}

void Describe(Session& session, const VolumeFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  auto answer = session.AskJson("GET", PathOf(session, flags));
  if (!answer) return session.Report(answer.error());
  PrintValue(*answer, IsStructured(*format) ? *format : Format::kYaml);
}

void Delete(Session& session, const VolumeFlags& flags) {
  auto answer = session.AskJson("DELETE", PathOf(session, flags));
  if (!answer) return session.Report(answer.error());
  PrintDone(session, "deleted", "volume", session.tenant, flags.name);
}

}  // namespace

void AddVolume(CLI::App& app, Session& session) {
  auto flags = std::make_shared<VolumeFlags>();
  CLI::App* verb = app.add_subcommand("volume", "Named volumes, which outlive sandboxes");
  verb->require_subcommand(1);
  CLI::App* list = verb->add_subcommand("list", "List them, with who uses them");
  list->add_flag("-A,--all-namespaces,--all", flags->all, "Of every namespace");
  list->callback([&session, flags] { List(session, *flags); });
  CLI::App* describe = verb->add_subcommand("describe", "Show one");
  describe->add_option("name", flags->name, "The volume")->required();
  describe->callback([&session, flags] { Describe(session, *flags); });
  CLI::App* remove = verb->add_subcommand("delete", "Delete one that nothing uses, and its files");
  remove->add_option("name", flags->name, "The volume")->required();
  remove->callback([&session, flags] { Delete(session, *flags); });
  verb->footer(
      "A manifest makes one: spec.volumes: [{name: data, named: {volume: db, size_mib: 64, retain: "
      "true}}]\nand spec.mounts: [{volume: data, mount: /var/lib/db}]. Without retain it goes with "
      "the last workload\nthat names it.");
}

}  // namespace strata::cli
