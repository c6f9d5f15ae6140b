#include "kube/controller/mirror.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/pause.h"
#include "base/result.h"

namespace strata::kube::controller {
namespace {

constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{10'000};

}  // namespace

std::string KeyOf(const Json& object) {
  const Json& metadata = object.at("metadata");
  return metadata.value("namespace", "") + "/" + metadata.value("name", "");
}

Mirror::Mirror(Loop& loop, ApiClient& client, std::string path, telemetry::Logger log,
               std::function<void(const Json&)> on_change)
    : loop_(loop),
      client_(client),
      path_(std::move(path)),
      log_(std::move(log)),
      on_change_(std::move(on_change)) {}

Awaitable<void> Mirror::Run() {
  auto pause = kFirstPause;
  while (true) {
    Result<void> done;
    if (version_.empty()) done = co_await List();
    if (done) done = co_await Follow();
    if (done) {
      pause = kFirstPause;
      continue;
    }
    if (done.error().code == Errc::kFailedPrecondition) version_.clear();
    log_.Warn("the API server is asked again", {{"path", path_}, {"error", done.error().message}});
    co_await Pause(loop_, pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

Task<void> Mirror::List() {
  auto list = co_await client_.Get(path_);
  if (!list) co_return std::unexpected(std::move(list).error());
  const bool whole = list->is_object() && list->contains("items") && (*list)["items"].is_array();
  if (!whole) {
    Error error{Errc::kInvalidArgument, path_ + ": the answer is no list"};
    co_return std::unexpected(std::move(error));
  }
  // A list's items come without what all have in common.
  const std::string list_kind = list->value("kind", "");
  const std::string kind = list_kind.substr(0, list_kind.rfind("List"));
  std::map<std::string, Json> gone = std::exchange(objects_, {});
  for (Json& item : (*list)["items"]) {
    item["apiVersion"] = list->value("apiVersion", "");
    item["kind"] = kind;
    const std::string key = KeyOf(item);
    gone.erase(key);
    objects_[key] = std::move(item);
  }
  version_ = list->value("/metadata/resourceVersion"_json_pointer, "");
  synced_ = true;
  for (const auto& [key, object] : gone) on_change_(object);
  for (const auto& [key, object] : objects_) on_change_(object);
  const Result<void> done;
  co_return done;
}

Task<void> Mirror::Follow() {
  std::function<void(WatchEvent)> take = [this](WatchEvent event) { Take(std::move(event)); };
  auto done = co_await client_.Watch(path_, version_, std::move(take));
  co_return done;
}

void Mirror::Take(WatchEvent event) {
  version_ = event.object.value("/metadata/resourceVersion"_json_pointer, version_);
  if (event.kind == WatchEvent::Kind::kBookmark) return;
  const std::string key = KeyOf(event.object);
  if (event.kind == WatchEvent::Kind::kGone) {
    objects_.erase(key);
    on_change_(event.object);
  } else {
    on_change_(objects_[key] = std::move(event.object));
  }
}

}  // namespace strata::kube::controller
