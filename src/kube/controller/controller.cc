#include "kube/controller/controller.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/redirect_error.hpp>

#include "base/pause.h"
#include "base/result.h"
#include "base/timestamp.h"
#include "kube/controller/desired.h"
#include "kube/controller/place.h"

namespace strata::kube::controller {
namespace {

constexpr std::chrono::minutes kResync{10};
constexpr Duration kAgain = std::chrono::seconds(1);
constexpr Duration kLongestAgain = std::chrono::minutes(1);
constexpr std::chrono::milliseconds kLook{50};
constexpr const char* kServices = "/apis/strata.dev/v1alpha1/services";

// All of ours, in every namespace.
std::string OursAt(std::string_view path) {
  return std::string(path) + "?labelSelector=" + "strata.dev%2Fservice";
}

std::string OwnerKeyOf(const Json& child) {
  const Json none = Json::object();
  const Json labels = child.value("/metadata/labels"_json_pointer, none);
  return child.value("/metadata/namespace"_json_pointer, "") + "/" +
         labels.value(std::string(kOwnerLabel), "");
}

}  // namespace

Controller::Controller(Loop& loop, ApiClient& client, const Clock& clock, telemetry::Logger log)
    : loop_(loop),
      client_(client),
      clock_(clock),
      log_(std::move(log)),
      wake_(loop.get_executor(), Timer::time_point::max()),
      services_(loop, client, kServices, log_, [this](const Json& it) { Due(KeyOf(it)); }),
      nodes_(
          loop, client, "/api/v1/nodes", log_, [this](const Json& it) { NodeChanged(it); },
          Form::kMetadata),
      deployments_(loop, client, OursAt("/apis/apps/v1/deployments"), log_,
                   [this](const Json& it) { Due(OwnerKeyOf(it)); }),
      fronts_(loop, client, OursAt("/api/v1/services"), log_,
              [this](const Json& it) { Due(OwnerKeyOf(it)); }),
      policies_(loop, client, OursAt("/apis/networking.k8s.io/v1/networkpolicies"), log_,
                [this](const Json& it) { Due(OwnerKeyOf(it)); }) {}

bool Controller::Synced() const {
  return services_.synced() && nodes_.synced() && deployments_.synced() && fronts_.synced() &&
         policies_.synced();
}

void Controller::Due(std::string key) {
  due_.insert(std::move(key));
  wake_.cancel();
}

void Controller::AllDue() {
  for (const auto& [key, resource] : services_.objects()) due_.insert(key);
  wake_.cancel();
}

// Nodes say every few seconds that they are alive; only their classes matter here.
void Controller::NodeChanged(const Json& node) {
  const bool there = nodes_.objects().contains(KeyOf(node));
  const std::string name = node.at("metadata").value("name", "");
  const scheduler::ClassSet classes = there ? ClassesOf(node) : scheduler::ClassSet();
  const bool changed = std::exchange(classes_[name], classes) != classes;
  if (!there) classes_.erase(name);
  if (changed) AllDue();
}

Awaitable<void> Controller::Resync() {
  while (true) {
    co_await Pause(loop_, kResync);
    AllDue();
  }
}

Awaitable<void> Controller::Again(std::string key, Duration pause) {
  co_await Pause(loop_, pause);
  Due(std::move(key));
}

Awaitable<void> Controller::Run() {
  for (Mirror* each : {&services_, &nodes_, &deployments_, &fronts_, &policies_}) {
    Spawn(loop_, each->Run());
  }
  Spawn(loop_, Resync());
  // Before all is known, what is missing would be made again, and what is there not be taken down.
  while (!Synced()) co_await Pause(loop_, kLook);
  while (true) {
    if (due_.empty()) {
      boost::system::error_code woken;
      co_await wake_.async_wait(asio::redirect_error(kAwait, woken));
      continue;
    }
    auto next_due = due_.upper_bound(last_);
    if (next_due == due_.end()) next_due = due_.begin();
    std::string key = std::move(due_.extract(next_due).value());
    last_ = key;
    const auto found = services_.objects().find(key);
    if (found == services_.objects().end()) {  // it has gone, with all of its own
      pauses_.erase(key);
      continue;
    }
    Json resource = found->second;
    auto done = co_await LookAt(std::move(resource));
    if (done) {
      pauses_.erase(key);
      continue;
    }
    log_.Warn("tried again", {{"service", key}, {"error", done.error().message}});
    Duration& next = pauses_.try_emplace(key, kAgain).first->second;
    const Duration pause = std::exchange(next, std::min(2 * next, kLongestAgain));
    Spawn(loop_, Again(std::move(key), pause));
  }
}

Observed Controller::Observe(const Json& resource) const {
  Observed observed{.resource = resource};
  const std::string key = KeyOf(resource);
  for (const Mirror* each : {&policies_, &deployments_, &fronts_}) {
    const auto found = each->objects().find(key);
    if (found != each->objects().end()) observed.children.push_back(found->second);
  }
  return observed;
}

Task<void> Controller::LookAt(Json resource) {
  std::vector<Action> actions = Reconcile(Observe(resource), classes_, Rfc3339(clock_.WallNow()));
  for (Action& action : actions) {
    auto done = co_await Do(resource, std::move(action));
    if (!done) co_return std::unexpected(std::move(done).error());
  }
  const Result<void> done;
  co_return done;
}

Task<void> Controller::Do(const Json& resource, Action action) {
  const std::string path = PathOf(resource);
  Result<void> done;
  Result<Json> answer = Json();
  if (auto* apply = std::get_if<Apply>(&action)) {
    std::string at = PathOf(apply->object);
    answer = co_await client_.Apply(std::move(at), std::move(apply->object));
  } else if (auto* remove = std::get_if<Remove>(&action)) {
    done = co_await client_.Delete(std::move(remove->path));
  } else if (auto* finalizers = std::get_if<SetFinalizers>(&action)) {
    Json patch;
    patch["metadata"] = {{"finalizers", std::move(finalizers->finalizers)},
                         {"resourceVersion", resource.at("metadata").at("resourceVersion")}};
    answer = co_await client_.Merge(path, std::move(patch));
  } else if (auto* status = std::get_if<SetStatus>(&action)) {
    Json patch;
    patch["status"] = std::move(status->status);
    std::string at = path + "/status";
    answer = co_await client_.Merge(std::move(at), std::move(patch));
  } else if (auto* tell = std::get_if<Tell>(&action)) {
    done = co_await TellEvent(resource, std::move(*tell));
  }
  if (!answer) co_return std::unexpected(std::move(answer).error());
  co_return done;
}

Task<void> Controller::TellEvent(const Json& resource, Tell tell) {
  const std::string now = Rfc3339(clock_.WallNow());
  const Json& metadata = resource.at("metadata");
  // Unique by its time, as kubelet's are.
  std::string name = metadata.value("name", "") + "." +
                     std::to_string(clock_.WallNow().time_since_epoch().count());
  Json event = {{"apiVersion", "v1"},
                {"kind", "Event"},
                {"metadata", {{"name", name}, {"namespace", metadata.at("namespace")}}},
                {"involvedObject",
                 {{"apiVersion", resource.at("apiVersion")},
                  {"kind", resource.at("kind")},
                  {"name", metadata.at("name")},
                  {"namespace", metadata.at("namespace")},
                  {"uid", metadata.value("uid", "")}}},
                {"type", tell.well ? "Normal" : "Warning"},
                {"reason", tell.reason},
                {"message", tell.message.substr(0, 1024)},
                {"source", {{"component", "strata-operator"}}},
                {"firstTimestamp", now},
                {"lastTimestamp", now},
                {"count", 1}};
  const std::string path = PathOf(event);
  auto told = co_await client_.Apply(path, std::move(event));
  if (!told) co_return std::unexpected(std::move(told).error());
  const Result<void> done;
  co_return done;
}

}  // namespace strata::kube::controller
