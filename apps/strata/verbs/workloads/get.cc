// strata get, describe, delete - what is deployed.
#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/text/strings.h"
#include "client/serving.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct Kind {
  std::string_view plural;
  std::string_view name;
};
constexpr std::array<Kind, 3> kKinds{
    {{"functions", "Function"}, {"services", "Service"}, {"routes", "Route"}}};

// "function", "functions", "fn", "Function" and so on.
Result<Kind> FindKind(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (word == "fn") word = "function";
  if (word == "svc") word = "service";
  for (const Kind& kind : kKinds) {
    if (word == kind.plural || word + "s" == kind.plural) return kind;
  }
  if (word == "all") {
    return Fail(Errc::kInvalidArgument,
                "'all' lists; for one say its kind, function, service or route");
  }
  constexpr std::array<std::string_view, 3> kNames{"functions", "services", "routes"};
  return Fail(Errc::kInvalidArgument, "no such kind '" + word + "'" + DidYouMean(word, kNames) +
                                          " (functions, services, routes); a name follows its "
                                          "kind: 'function " +
                                          word + "'");
}

struct GetFlags {
  std::string kind = "all";
  std::string name;
  bool all_tenants = false;
};

std::string Cell(const Json& object, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!object.contains(at)) return "-";
  const Json& value = object[at];
  return value.is_string() ? EscapeControl(value.get<std::string>()) : value.dump();
}

// The artifact, or all variants of it.
std::string Artifacts(const Json& item) {
  std::string text = Cell(item, "/spec/artifact");
  for (const Json& variant : item["spec"].value("variants", Json::array())) {
    text = (text == "-" ? "" : text + " ") + Cell(variant, "/artifact");
  }
  return text;
}

// Where nothing is: whether it is elsewhere, which is what most look for then.
std::string NothingHere(Session& session) {
  std::set<std::string> others;
  if (const auto all = session.ListResources({}, Session::Where::kEverywhere)) {
    for (const Json& item : (*all)["items"]) others.insert(Cell(item, "/metadata/namespace"));
  }
  if (others.empty() || others.contains(session.tenant)) return "Nothing is deployed";
  std::string text = "Nothing is deployed in namespace '" + session.tenant + "', but in ";
  for (const std::string& each : others) text += (each == *others.begin() ? "" : ", ") + each;
  return text + " (-n NAME, -A for all)";
}

void PrintList(const Json& items, Format format) {
  std::vector<std::string> header{"KIND", "NAMESPACE", "NAME", "CLASS", "REVISION", "READY", "URL"};
  if (format == Format::kWide) header.insert(header.end(), {"ARTIFACT", "CREATED", "SCALED"});
  Table table(header);
  for (const Json& item : items) {
    std::vector<std::string> row{
        Cell(item, "/kind"),
        Cell(item, "/metadata/namespace"),
        Cell(item, "/metadata/name"),
        Cell(item, "/status/class"),
        RevisionOf(item["status"].value("revision", Json()), item["status"]),
        ReadyOf(item["status"]),
        Cell(item, "/status/urls/0")};
    if (format == Format::kWide) {
      row.push_back(Artifacts(item));
      row.push_back(Cell(item, "/metadata/creationTimestamp"));
      row.push_back(Cell(item, "/status/scale/last/why"));
    }
    table.Add(std::move(row));
  }
  Print(table.Render());
}

// Of the Ready condition.
std::string Ready(const Json& item, const char* field) {
  for (const Json& each : item.value("/status/conditions"_json_pointer, Json::array())) {
    if (each.value("type", "") == "Ready") return EscapeControl(each.value(field, "-"));
  }
  return "-";
}

void PrintClusterList(const Json& items, Format format) {
  std::vector<std::string> header{"KIND",  "NAMESPACE", "NAME",  "CLASS",
                                  "READY", "REPLICAS",  "REASON"};
  if (format == Format::kWide) header.insert(header.end(), {"ARTIFACT", "CREATED", "MESSAGE"});
  Table table(header);
  for (const Json& item : items) {
    std::vector<std::string> row{
        Cell(item, "/kind"),          Cell(item, "/metadata/namespace"),
        Cell(item, "/metadata/name"), Cell(item, "/status/placement/class"),
        Ready(item, "status"),        Cell(item, "/status/replicas"),
        Ready(item, "reason")};
    if (format == Format::kWide) {
      row.push_back(Artifacts(item));
      row.push_back(Cell(item, "/metadata/creationTimestamp"));
      row.push_back(Ready(item, "message"));
    }
    table.Add(std::move(row));
  }
  Print(table.Render());
}

void PrintFound(Session& session, const Json& items, Format format) {
  if (items.empty()) {
    const char* const how =
        session.kube ? ". 'kubectl apply -f FILE' deploys, with the manifests of strata apply.\n"
                     : ". 'strata apply -f FILE' deploys.\n";
    return Print(NothingHere(session) + how);
  }
  if (session.kube) return PrintClusterList(items, format);
  PrintList(items, format);
}

void GetOne(Session& session, const GetFlags& flags, Format format) {
  auto kind = FindKind(flags.kind);
  if (!kind) return session.Report(kind.error());
  auto item = session.GetResource(kind->plural, flags.name);
  if (!item) return session.Report(item.error());
  if (IsStructured(format)) return PrintValue(*item, format);
  PrintFound(session, Json::array({*item}), format);
}

void Get(Session& session, const GetFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  if (!flags.name.empty()) return GetOne(session, flags, *format);
  std::string_view name;
  if (flags.kind != "all") {
    auto kind = FindKind(flags.kind);
    if (!kind) return session.Report(kind.error());
    name = kind->name;
  }
  using Where = Session::Where;
  auto list = session.ListResources(name, flags.all_tenants ? Where::kEverywhere : Where::kHere);
  if (!list) return session.Report(list.error());
  if (IsStructured(*format)) return PrintValue(*list, *format);
  PrintFound(session, (*list)["items"], *format);
}

void Describe(Session& session, const GetFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  auto kind = FindKind(flags.kind);
  if (!kind) return session.Report(kind.error());
  auto item = session.GetResource(kind->plural, flags.name);
  if (!item) return session.Report(item.error());
  PrintValue(*item, *format == Format::kJson ? Format::kJson : Format::kYaml);
}

void Delete(Session& session, const GetFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  auto kind = FindKind(flags.kind);
  if (!kind) return session.Report(kind.error());
  auto change = session.AskJson("DELETE", ResourcePath(session.tenant, kind->plural, flags.name));
  if (!change) return session.Report(change.error());
  if (IsStructured(*format)) return PrintValue(*change, *format);
  Print("deleted " + std::string(kind->name) + " " + session.tenant + "/" + flags.name + "\n");
}

void AddNamed(CLI::App& app, Session& session, const char* verb_name, const char* help,
              void (*run)(Session&, const GetFlags&)) {
  auto flags = std::make_shared<GetFlags>();
  CLI::App* verb = app.add_subcommand(verb_name, help);
  verb->add_option("kind", flags->kind, "function, service or route")->required();
  verb->add_option("name", flags->name, "Its name")->required();
  verb->callback([&session, flags, run] { run(session, *flags); });
}

}  // namespace

void AddGet(CLI::App& app, Session& session) {
  auto flags = std::make_shared<GetFlags>();
  CLI::App* verb = app.add_subcommand("get", "List what is deployed");
  verb->add_option("kind", flags->kind, "functions, services, routes or all");
  verb->add_option("name", flags->name, "Only this one");
  verb->add_flag("-A,--all-namespaces", flags->all_tenants, "Of every tenant");
  verb->footer(
      "Examples:\n  strata get functions\n  strata get fn hello -o yaml\n"
      "  strata get -A -o wide\n\n"
      "With --kube it reads a Kubernetes cluster, where the operator says how far each is.\n"
      "CLASS is where it runs. REVISION is the newest; where others have traffic, too, it says\n"
      "how much of it, and 'strata explain' says why.\n"
      "READY is of what runs as processes: replicas that serve / are to serve, and the most there\n"
      "may be. SCALED (-o wide) is why there are as many; 'strata describe' shows all of it.");
  verb->callback([&session, flags] { Get(session, *flags); });
}

void AddDescribe(CLI::App& app, Session& session) {
  AddNamed(app, session, "describe", "Everything about one resource", &Describe);
}

void AddDelete(CLI::App& app, Session& session) {
  AddNamed(app, session, "delete", "Delete a resource; running calls finish", &Delete);
}

}  // namespace strata::cli
