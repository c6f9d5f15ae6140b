// Manifests in: at once, or with the steps on the way as a stream of JSON lines.
//
// A stream's lines are {"step": {...}} while something is under way, empty ones to keep it alive,
// and at its end {"answer": {...}}, what the same request gets without `progress`, or {"error":
// {"code", "detail"}}. A client that goes away ends what nobody else waits for; once the apply has
// begun to change what runs, it is finished.
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "api/handlers/apply_request.h"
#include "api/handlers/change_json.h"
#include "api/server.h"
#include "base/async/broadcast.h"
#include "model/rules.h"

namespace strata::api {
namespace {

// 4 MiB of manifest text may grow by JSON's escapes.
constexpr Bytes kApplyLimit = 16_MiB;

// How often a stream tells what has happened since.
constexpr std::chrono::milliseconds kTellAgain{200};
constexpr int kQuietTurns = 10;  // then an empty line

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
  return manager::ManifestFile{std::move(*name), std::move(*dir), std::move(*text), {}};
}

// What the query says of an apply, beside its files.
struct Wish {
  manager::Mode mode = manager::Mode::kCommit;
  bool progress = false;
  std::string tenant;  // empty: of each manifest
};

Result<Wish> ParseWish(const Context& context) {
  auto known = context.OnlyParameters({"dryRun", "namespace", "progress"});
  if (!known) return std::unexpected(std::move(known).error());
  const auto dry_run = context.Boolean("dryRun", false);
  if (!dry_run) return std::unexpected(dry_run.error());
  const auto progress = context.Boolean("progress", false);
  if (!progress) return std::unexpected(progress.error());
  Wish wish{.mode = *dry_run ? manager::Mode::kDryRun : manager::Mode::kCommit,
            .progress = *progress,
            .tenant = context.Text("namespace")};
  if (!context.query.contains("namespace")) return wish;
  if (const auto problem = model::DnsLabelProblem(wish.tenant)) {
    return Fail(Errc::kInvalidArgument, "query parameter namespace " + *problem);
  }
  return wish;
}

Json AnswerOf(const std::vector<manager::Change>& changes, manager::Mode mode) {
  Json list = Json::array();
  for (const manager::Change& change : changes) list.push_back(ToJson(change));
  return Json{{"changes", std::move(list)}, {"dryRun", mode == manager::Mode::kDryRun}};
}

Json ToJson(const manager::Step& step) {
  Json json{{"what", manager::StepName(step.what)},
            {"resource", step.resource},
            {"subject", step.subject}};
  if (step.item > 0) json["item"] = step.item;
  if (step.items > 0) json["items"] = step.items;
  if (step.bytes > 0) json["bytes"] = step.bytes;
  if (step.total > 0) json["total"] = step.total;
  return Json{{"step", std::move(json)}};
}

// An apply and what is to be told of it; kept by both, since each may end first.
class Told final : public manager::Progress {
 public:
  explicit Told(Loop& loop) : ended(loop) {}

  void Report(const manager::Step& step) override {
    const bool goes_on = !steps.empty() && steps.back().what == step.what &&
                         steps.back().subject == step.subject && steps.back().item == step.item;
    if (goes_on) steps.pop_back();
    steps.push_back(step);
  }
  [[nodiscard]] bool abandoned() const override { return gone; }

  std::vector<manager::Step> steps;  // not told yet
  bool gone = false;                 // the client
  std::optional<Result<std::vector<manager::Change>>> outcome;
  Broadcast ended;
};

Awaitable<void> Run(manager::Manager& manager, std::vector<manager::ManifestFile> files,
                    manager::Mode mode, std::shared_ptr<Told> told) {
  told->outcome.emplace(co_await manager.Apply(std::move(files), mode, *told));
  told->ended.Notify();
}

std::string LastLine(const Result<std::vector<manager::Change>>& outcome, manager::Mode mode) {
  if (outcome) return DumpJson({{"answer", AnswerOf(*outcome, mode)}}) + "\n";
  const Error& error = outcome.error();
  return DumpJson({{"error", {{"code", ErrcName(error.code)}, {"detail", error.message}}}}) + "\n";
}

Awaitable<void> Stream(Loop& loop, Context& context, manager::Manager& manager,
                       std::vector<manager::ManifestFile> files, manager::Mode mode) {
  if (!StreamHead(context, "application/x-ndjson")) co_return;
  auto told = std::make_shared<Told>(loop);
  Spawn(loop, Run(manager, std::move(files), mode, told));
  for (int quiet = 0; !told->gone && !told->outcome; ++quiet) {
    co_await told->ended.Wait(kTellAgain);
    std::string lines;
    for (const manager::Step& step : std::exchange(told->steps, {})) {
      lines += DumpJson(ToJson(step)) + "\n";
    }
    if (lines.empty() && quiet >= kQuietTurns) lines = "\n";
    if (!lines.empty()) {
      quiet = 0;
      told->gone = !co_await StreamPiece(context, lines);
    }
    told->gone = told->gone || context.exchange.client_gone();
  }
  if (told->outcome) (void)co_await StreamPiece(context, LastLine(*told->outcome, mode));
}

}  // namespace

Result<std::vector<manager::ManifestFile>> FilesFrom(const Json& files) {
  if (!files.is_array() || files.empty()) {
    return Fail(Errc::kInvalidArgument, "'files' must be [{name, dir, text}, ...]");
  }
  std::vector<manager::ManifestFile> read;
  for (const Json& json : files) {
    auto file = FileFrom(json);
    if (!file) return std::unexpected(file.error());
    read.push_back(std::move(*file));
  }
  return read;
}

Awaitable<void> ApiServer::Apply(Context& context) {
  const auto wish = ParseWish(context);
  if (!wish) {
    co_await ReplyError(context, wish.error());
    co_return;
  }
  auto body = co_await ReadJson(context, kApplyLimit);
  if (!body) co_return;
  Result<std::vector<manager::ManifestFile>> files =
      Fail(Errc::kInvalidArgument, "the body must be {\"files\": [{name, dir, text}, ...]}");
  if (body->is_object() && body->size() == 1 && body->contains("files")) {
    files = FilesFrom((*body)["files"]);
  }
  if (!files) {
    co_await ReplyError(context, files.error());
    co_return;
  }
  for (manager::ManifestFile& file : *files) file.tenant = wish->tenant;
  if (wish->progress) {
    co_return co_await Stream(loop_, context, manager_, std::move(*files), wish->mode);
  }
  Silent silent(context.exchange);
  auto changes = co_await manager_.Apply(std::move(*files), wish->mode, silent);
  if (!changes) {
    co_await ReplyError(context, changes.error());
    co_return;
  }
  const Json answer = AnswerOf(*changes, wish->mode);
  co_await Reply(context, 200, answer);
}

}  // namespace strata::api
