#include "kube/controller/mirror.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/async/pause.h"
#include "base/result.h"

namespace strata::kube::controller {
namespace {

constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{10'000};
// A watch lasts for minutes. One that ends before, with nothing to tell, was ended by something
// that will do it again: a proxy, or a server that is about to go.
constexpr std::chrono::seconds kShortestWatch{1};
// In a row, after which the version may be what is wrong: one that is ahead of a restored etcd is
// refused as a server that is away would do it, and for ever.
constexpr int kFailuresOfVersion = 3;

// Who set which field takes more room than the object, and nobody here asks.
void DropManagers(Json& object) {
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) metadata->erase("managedFields");
}

}  // namespace

std::string KeyOf(const Json& object) {
  const Json& metadata = object.at("metadata");
  return metadata.value("namespace", "") + "/" + metadata.value("name", "");
}

Mirror::Mirror(Loop& loop, ApiClient& client, std::string path, telemetry::Logger log,
               std::function<void(const Json&)> on_change, Form form)
    : loop_(loop),
      client_(client),
      path_(std::move(path)),
      log_(std::move(log)),
      on_change_(std::move(on_change)),
      form_(form) {}

Awaitable<void> Mirror::Run() {
  auto pause = kFirstPause;
  int failures = 0;
  while (true) {
    Result<void> done;
    if (version_.empty()) done = co_await List();
    if (done) done = co_await Follow();
    if (done) {
      pause = kFirstPause;
      failures = 0;
      continue;
    }
    if (done.error().code == Errc::kFailedPrecondition || ++failures == kFailuresOfVersion) {
      version_.clear();
      failures = 0;
    }
    log_.Warn("the API server is asked again", {{"path", path_}, {"error", done.error().message}});
    co_await Pause(loop_, pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

Task<void> Mirror::List() {
  auto list = co_await client_.List(path_, form_);
  if (!list) co_return std::unexpected(std::move(list).error());
  std::map<std::string, Json> found;
  for (Json& item : list->items) {
    std::string key = KeyOf(item);
    DropManagers(item);
    found.insert_or_assign(std::move(key), std::move(item));
  }
  const std::map<std::string, Json> before = std::exchange(objects_, std::move(found));
  version_ = std::move(list->version);
  synced_ = true;
  for (const auto& [key, object] : before) {
    if (!objects_.contains(key)) on_change_(object);
  }
  for (const auto& [key, object] : objects_) on_change_(object);
  const Result<void> done;
  co_return done;
}

Task<void> Mirror::Follow() {
  const auto began = std::chrono::steady_clock::now();
  bool told = false;
  std::function<void(WatchEvent)> take = [this, &told](WatchEvent event) {
    told = true;
    Take(std::move(event));
  };
  auto done = co_await client_.Watch(path_, version_, std::move(take), form_);
  const bool too_short = std::chrono::steady_clock::now() - began < kShortestWatch;
  if (done && !told && too_short) {
    done = Fail(Errc::kUnavailable, "the watch ended as soon as it began");
  }
  co_return done;
}

void Mirror::Take(WatchEvent event) {
  version_ = event.object.value("/metadata/resourceVersion"_json_pointer, version_);
  if (event.kind == WatchEvent::Kind::kBookmark) return;
  const std::string key = KeyOf(event.object);
  DropManagers(event.object);
  if (event.kind == WatchEvent::Kind::kGone) {
    objects_.erase(key);
    on_change_(event.object);
  } else {
    on_change_(objects_[key] = std::move(event.object));
  }
}

}  // namespace strata::kube::controller
