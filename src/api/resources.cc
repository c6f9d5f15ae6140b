// Manifests in, resources out, changes as they happen.
#include <utility>

#include "api/server.h"
#include "model/rules.h"

namespace strata::api {
namespace {

// 4 MiB of manifest text may grow by JSON's escapes.
constexpr Bytes kApplyLimit = 16_MiB;

Json ToJson(const manager::Change& change) {
  return Json{{"kind", change.kind},         {"namespace", change.tenant},
              {"name", change.name},         {"action", manager::ActionName(change.action)},
              {"revision", change.revision}, {"diff", change.diff},
              {"urls", change.urls}};
}

// "functions" -> "Function".
Result<std::string> KindOf(const std::string& plural) {
  if (plural == "functions") return std::string("Function");
  if (plural == "services") return std::string("Service");
  if (plural == "routes") return std::string("Route");
  return Fail(Errc::kNotFound,
              "no such kind: '" + plural + "'; there are functions, services and routes");
}

Result<std::string> StringField(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) {
    return Fail(Errc::kInvalidArgument, std::string("files[]: '") + name + "' must be a string");
  }
  return found->get<std::string>();
}

Result<manager::ManifestFile> FileFrom(const Json& json) {
  if (!json.is_object()) return Fail(Errc::kInvalidArgument, "files[]: must be objects");
  for (const auto& [name, value] : json.items()) {
    if (name != "name" && name != "dir" && name != "text") {
      return Fail(Errc::kInvalidArgument, "files[]: unknown field '" + name + "'");
    }
  }
  auto name = StringField(json, "name");
  if (!name) return std::unexpected(name.error());
  auto dir = StringField(json, "dir");
  if (!dir) return std::unexpected(dir.error());
  auto text = StringField(json, "text");
  if (!text) return std::unexpected(text.error());
  if (!dir->starts_with('/')) {
    return Fail(Errc::kInvalidArgument, "files[]: 'dir' must be absolute, not '" + *dir + "'");
  }
  return manager::ManifestFile{std::move(*name), std::move(*dir), std::move(*text)};
}

Result<std::vector<manager::ManifestFile>> FilesFrom(const Json& body) {
  if (!body.is_object() || !body.contains("files") || !body["files"].is_array() ||
      body["files"].empty() || body.size() != 1) {
    return Fail(Errc::kInvalidArgument, "the body must be {\"files\": [{name, dir, text}, ...]}");
  }
  std::vector<manager::ManifestFile> files;
  for (const Json& json : body["files"]) {
    auto file = FileFrom(json);
    if (!file) return std::unexpected(file.error());
    files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace

Awaitable<void> ApiServer::Apply(Context& context) {
  auto known = context.OnlyParameters({"dryRun"});
  auto dry_run = context.Boolean("dryRun", false);
  if (!known || !dry_run) {
    co_await ReplyError(context, !known ? known.error() : dry_run.error());
    co_return;
  }
  auto body = co_await ReadJson(context, kApplyLimit);
  if (!body) co_return;
  auto files = FilesFrom(*body);
  if (!files) {
    co_await ReplyError(context, files.error());
    co_return;
  }
  const auto mode = *dry_run ? manager::Mode::kDryRun : manager::Mode::kCommit;
  auto changes = co_await manager_.Apply(std::move(*files), mode);
  if (!changes) {
    co_await ReplyError(context, changes.error());
    co_return;
  }
  Json list = Json::array();
  for (const manager::Change& change : *changes) list.push_back(ToJson(change));
  const Json answer{{"changes", std::move(list)}, {"dryRun", *dry_run}};
  co_await Reply(context, 200, answer);
}

Awaitable<void> ApiServer::ListResources(Context& context) {
  if (auto known = context.OnlyParameters({"kind", "namespace"}); !known) {
    co_await ReplyError(context, known.error());
    co_return;
  }
  // No parameter is no filter; an empty one is a mistake.
  Result<void> filter;
  if (context.query.contains("kind") && context.Text("kind").empty()) {
    filter = Fail(Errc::kInvalidArgument, "query parameter kind must not be empty");
  }
  if (context.query.contains("namespace")) {
    auto problem = model::DnsLabelProblem(context.Text("namespace"));
    if (problem) filter = Fail(Errc::kInvalidArgument, "query parameter namespace " + *problem);
  }
  if (!filter) {
    co_await ReplyError(context, filter.error());
    co_return;
  }
  auto list = manager_.List(context.Text("kind"), context.Text("namespace"));
  if (!list) {
    co_await ReplyError(context, list.error());
    co_return;
  }
  co_await Reply(context, 200, *list);
}

Awaitable<void> ApiServer::GetResource(Context& context) {
  auto kind = KindOf(context.variables["kind"]);
  if (!kind) {
    co_await ReplyError(context, kind.error());
    co_return;
  }
  const manager::ResourceName name{*kind, context.variables["namespace"],
                                   context.variables["name"]};
  auto resource = manager_.Get(name);
  if (!resource) {
    co_await ReplyError(context, resource.error());
    co_return;
  }
  // What runs of it, where its sandboxes are processes that stay.
  if ((*resource)["kind"] != "Route") {
    manager::Manager::ServiceName of{name.tenant, name.name};
    auto running = co_await manager_.ServiceSandboxes(std::move(of));
    if (running) (*resource)["status"]["sandboxes"] = std::move(*running);
  }
  co_await Reply(context, 200, *resource);
}

Awaitable<void> ApiServer::DeleteResource(Context& context) {
  auto kind = KindOf(context.variables["kind"]);
  if (!kind) {
    co_await ReplyError(context, kind.error());
    co_return;
  }
  manager::ResourceName name{*kind, context.variables["namespace"], context.variables["name"]};
  auto change = co_await manager_.Delete(std::move(name));
  if (!change) {
    co_await ReplyError(context, change.error());
    co_return;
  }
  const Json answer = ToJson(*change);
  co_await Reply(context, 200, answer);
}

Awaitable<void> ApiServer::Watch(Context& context) {
  auto known = context.OnlyParameters({"since"});
  auto since = context.Number("since", 0, std::uint64_t{1} << 62);
  if (!known || !since) {
    co_await ReplyError(context, !known ? known.error() : since.error());
    co_return;
  }
  std::uint64_t cursor = *since;
  // The first look finds a cursor that is wrong, while there can still be an error answer.
  const auto version = manager_.List("", "");
  if (version && cursor > (*version)["resourceVersion"].get<std::uint64_t>()) {
    const Error future{Errc::kInvalidArgument, "'since' is in the future"};
    co_await ReplyError(context, future);
    co_return;
  }
  if (!StreamHead(context, "text/event-stream")) co_return;
  // Headers leave at once; an SSE comment keeps proxies and clients awake.
  bool there = co_await StreamPiece(context, ": watching\n\n");
  while (there && !context.exchange.client_gone()) {
    auto changes = co_await manager_.Watch(cursor);
    if (!changes) co_return;
    cursor = (*changes)["cursor"].get<std::uint64_t>();
    std::string events = (*changes)["changes"].empty() ? ": idle\n\n" : "";
    for (const Json& change : (*changes)["changes"]) {
      events += "id: " + std::to_string(change["resourceVersion"].get<std::uint64_t>()) +
                "\nevent: " + change["action"].get<std::string>() +
                "\ndata: " + DumpJson(change["resource"]) + "\n\n";
    }
    there = co_await StreamPiece(context, events);
  }
}

}  // namespace strata::api
