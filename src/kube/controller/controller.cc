#include "kube/controller/controller.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/async/pause.h"
#include "base/result.h"
#include "base/timestamp.h"
#include "kube/activation.h"
#include "kube/controller/desired.h"
#include "kube/controller/place.h"
#include "kube/controller/stored.h"
#include "model/manifest/crd.h"
#include "model/resource.h"

namespace strata::kube::controller {
namespace {

constexpr std::chrono::minutes kResync{10};
constexpr std::chrono::minutes kLongestPause{1};
constexpr std::chrono::seconds kLongestPauseOfWanted{2};  // a request waits ten seconds, as a rule
constexpr std::chrono::milliseconds kLook{50};
constexpr std::chrono::seconds kRescale{1};
constexpr std::array kKinds = {model::Kind::kService, model::Kind::kFunction, model::Kind::kRoute};
// Of what is made, in every namespace.
constexpr std::string_view kDeployments = "/apis/apps/v1/deployments";
constexpr std::array<std::string_view, 4> kChildren = {"/apis/networking.k8s.io/v1/networkpolicies",
                                                       kDeployments, "/api/v1/services",
                                                       "/apis/networking.k8s.io/v1/ingresses"};
// Those that we write: Kubernetes' own have our labels, too.
constexpr const char* kSlices =
    "/apis/discovery.k8s.io/v1/endpointslices?labelSelector=strata.dev%2Fkind%2C"
    "endpointslice.kubernetes.io%2Fmanaged-by%3Dstrata-operator";
// What is called after a resource, and a bit more.
constexpr std::array<std::string_view, 2> kSuffixes = {kPodsSuffix, kActivatorSuffix};
constexpr const char* kClaims = "/api/v1/persistentvolumeclaims";
constexpr const char* kOurs = "?labelSelector=strata.dev%2Fkind";

// Also the next time, unless something changes.
bool IsRefusal(const Error& error) {
  return error.code == Errc::kInvalidArgument || error.code == Errc::kPermissionDenied;
}

// The port with which an operator begins: a later one begins where this one, which hands out fewer
// than one a second, has not been.
std::uint16_t FirstOf(WallTime now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  return static_cast<std::uint16_t>(kFirstPort + second % (kLastPort - kFirstPort + 1));
}

std::string DueKeyOf(std::string_view kind, const std::string& key) {
  return std::string(kind) + "/" + key;
}

// Another one when the manifest is, or the resource of that name.
std::string EditionOf(const Json& resource) {
  const Json& metadata = resource.at("metadata");
  return metadata.value("uid", "") + "/" +
         std::to_string(metadata.value("generation", std::int64_t{0}));
}

// Whether they are of one kind and name.
bool Resembles(const Json& object, const Json& wanted) {
  return object.is_object() && wanted.at("kind") == object.value("kind", "") &&
         wanted.at("metadata").at("name") == object.value("/metadata/name"_json_pointer, "");
}

}  // namespace

Controller::Controller(Loop& loop, ApiClient& client, const Clock& clock, telemetry::Logger log,
                       Activators::Settings activators)
    : loop_(loop),
      client_(client),
      clock_(clock),
      log_(std::move(log)),
      in_hand_(loop),
      changed_(in_hand_, kLongestPause),
      wanted_(in_hand_, kLongestPauseOfWanted),
      nodes_(
          loop, client, "/api/v1/nodes", log_, [this](const Json& it) { NodeChanged(it); },
          Form::kMetadata),
      claims_(loop, client, std::string(kClaims) + kOurs, log_,
              [this](const Json& it) { ChildChanged(it); }),
      ports_(FirstOf(clock.WallNow())),
      activators_(
          loop, client, std::move(activators), log_,
          [this](const std::string& from, const activator::DemandReport& it) { Heard(from, it); },
          [this] { ActivatorsChanged(); }) {
  for (const model::Kind kind : kKinds) {
    const std::string name(model::KindName(kind));
    resources_.try_emplace(name, loop, client,
                           "/apis/" + std::string(model::kApiVersion) + "/" + PluralName(kind),
                           log_, [this, name](const Json& it) { ResourceChanged(name, it); });
  }
  for (const std::string_view path : kChildren) {
    children_.emplace_back(loop, client, std::string(path) + kOurs, log_,
                           [this](const Json& it) { ChildChanged(it); });
    if (path == kDeployments) deployments_ = &children_.back();
  }
  children_.emplace_back(loop, client, kSlices, log_, [this](const Json& it) { ChildChanged(it); });
}

bool Controller::Synced() const {
  return nodes_.synced() && claims_.synced() && activators_.synced() &&
         std::ranges::all_of(resources_, [](const auto& each) { return each.second.synced(); }) &&
         std::ranges::all_of(children_, [](const Mirror& each) { return each.synced(); });
}

void Controller::ResourceChanged(const std::string& kind, const Json& resource) {
  changed_.Add(DueKeyOf(kind, KeyOf(resource)), EditionOf(resource));
}

// Of whichever kind its owner is: another one may wait for its name.
void Controller::ChildChanged(const Json& child) {
  const Json none = Json::object();
  const Json labels = child.value("/metadata/labels"_json_pointer, none);
  const std::string owner = child.value("/metadata/namespace"_json_pointer, "") + "/" +
                            labels.value(std::string(kNameLabel), "");
  for (const auto& [kind, mirror] : resources_) Due(DueKeyOf(kind, owner));
}

void Controller::AllDue() {
  for (const auto& [kind, mirror] : resources_) {
    for (const auto& [key, resource] : mirror.objects()) Due(DueKeyOf(kind, key));
  }
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
    overridden_.clear();
    AllDue();
  }
}

Awaitable<void> Controller::Again(Line& line, std::string key, Duration pause) {
  co_await Pause(loop_, pause);
  line.Retry(std::move(key));
}

Awaitable<void> Controller::Run() {
  Spawn(loop_, nodes_.Run());
  Spawn(loop_, claims_.Run());
  Spawn(loop_, activators_.Run());
  for (auto& [kind, mirror] : resources_) Spawn(loop_, mirror.Run());
  for (Mirror& each : children_) Spawn(loop_, each.Run());
  Spawn(loop_, Resync());
  // Before all is known, what is missing would be made again, and what is there not be taken down.
  while (!Synced()) co_await Pause(loop_, kLook);
  KeepPorts();
  Spawn(loop_, RescaleAll());
  for (int i = 0; i < kAtOnce; ++i) Spawn(loop_, Serve(wanted_));
  for (int i = 1; i < kAtOnce; ++i) Spawn(loop_, Serve(changed_));
  co_await Serve(changed_);
}

Awaitable<void> Controller::Serve(Line& line) {
  while (true) {
    co_await line.Wait();
    std::string key = line.Next();
    const Json* found = FindResource(key);
    if (found == nullptr) {  // it has gone, with all of its own
      Unfollow(key);
      overridden_.erase(key);
      line.Done(key);
      continue;
    }
    const std::string edition = EditionOf(*found);
    Json resource = *found;
    auto done = co_await LookAt(key, std::move(resource));
    std::erase_if(making_, [&key](const auto& each) { return each.second == key; });
    if (done) {
      line.Done(key);
      continue;
    }
    log_.Warn("tried again", {{"resource", key}, {"error", done.error().message}});
    if (const auto pause = line.Failed(key, edition)) {
      Spawn(loop_, Again(line, std::move(key), *pause));
    }
  }
}

const Json* Controller::FindResource(const std::string& key) const {
  const std::size_t slash = key.find('/');
  const auto mirror = resources_.find(key.substr(0, slash));
  if (mirror == resources_.end()) return nullptr;
  const auto found = mirror->second.objects().find(key.substr(slash + 1));
  return found == mirror->second.objects().end() ? nullptr : &found->second;
}

Observed Controller::Observe(const Json& resource) const {
  Observed observed{.resource = resource};
  std::string key = KeyOf(resource);
  if (resource.value("kind", "") == model::KindName(model::Kind::kRoute)) key += kRouteSuffix;
  for (const Mirror& each : children_) {
    const auto found = each.objects().find(key);
    if (found != each.objects().end()) observed.children.push_back(found->second);
    for (const std::string_view suffix : kSuffixes) {
      const auto more = each.objects().find(key + std::string(suffix));
      if (more != each.objects().end() && IsLabelled(more->second, resource)) {
        observed.children.push_back(more->second);
      }
    }
  }
  // Named by their volumes, so they are looked for by their labels: those of its namespace.
  const std::string space = key.substr(0, key.find('/') + 1);
  for (auto it = claims_.objects().lower_bound(space); it != claims_.objects().end(); ++it) {
    if (!it->first.starts_with(space)) break;
    if (IsLabelled(it->second, resource)) observed.children.push_back(it->second);
  }
  return observed;
}

// Before a port is handed out: those that are somebody's are.
void Controller::KeepPorts() {
  const std::string kind(model::KindName(model::Kind::kService));
  const auto& services = resources_.at(kind).objects();
  ports_.Keep(services);
  for (const auto& [key, service] : services) {
    if (ActivatorPortOf(service)) {
      followed_[DueKeyOf(kind, key)] = service.at("metadata").value("uid", "");
    }
  }
}

// How many replicas it has and where its requests go, where these follow its load.
std::optional<Activation> Controller::Activate(const std::string& key, const Observed& observed) {
  const Json& resource = observed.resource;
  const auto manifest = ReadStored(resource);
  const Json& metadata = resource.at("metadata");
  const std::string uid = metadata.value("uid", "");
  if (!manifest || !FollowsLoad(*manifest)) {
    // Whoever is still led to its port shall find it there, and nobody else.
    if (IsLedToActivators(observed)) {
      scaling_.Forget(uid);
    } else {
      Unfollow(key);
    }
    return std::nullopt;
  }
  if (const auto before = followed_.find(key); before != followed_.end() && before->second != uid) {
    Unfollow(key);  // another one of that name
  }
  followed_[key] = uid;
  const auto port = ports_.Take(uid, ActivatorPortOf(resource));
  if (!port) return std::nullopt;
  Scaling::Found found{.uid = uid,
                       .scale = *std::get<model::ServiceSpec>(manifest->spec).scale,
                       .applied = {},
                       .running = {}};
  found.applied = metadata.value("generation", std::int64_t{0}) !=
                  resource.value("/status/observedGeneration"_json_pointer, std::int64_t{0});
  const auto deployment = deployments_->objects().find(KeyOf(resource));
  if (deployment != deployments_->objects().end()) {
    found.running = deployment->second.value("/spec/replicas"_json_pointer, std::uint32_t{0});
  }
  scaling_.See(found, clock_.Now());
  const Scaling::Decision& decided = *scaling_.decided(uid);
  return Activation{.replicas = decided.replicas,
                    .why = decided.why,
                    .port = *port,
                    .activators = activators_.ready()};
}

void Controller::Unfollow(const std::string& key) {
  const auto followed = followed_.find(key);
  if (followed == followed_.end()) return;
  scaling_.Forget(followed->second);
  ports_.Free(followed->second);
  followed_.erase(followed);
}

Awaitable<void> Controller::RescaleAll() {
  while (true) {
    for (const auto& [key, uid] : followed_) Rescale(key, uid);
    co_await Pause(loop_, kRescale);
  }
}

void Controller::Rescale(const std::string& key, const std::string& uid) {
  const Scaling::Decision* decided = scaling_.decided(uid);
  const auto deployment = deployments_->objects().find(key.substr(key.find('/') + 1));
  if (decided == nullptr || deployment == deployments_->objects().end()) return;
  const std::uint32_t before = decided->replicas;
  const auto ready =
      deployment->second.value("/status/readyReplicas"_json_pointer, std::uint32_t{0});
  const Scaling::Decision now = scaling_.Decide(uid, ready, clock_.Now());
  if (now.replicas == before) return;
  log_.Info("scaled", {{"resource", key},
                       {"from", std::to_string(before)},
                       {"to", std::to_string(now.replicas)},
                       {"why", now.why}});
  (now.replicas > before ? wanted_ : changed_).Add(key);
}

void Controller::Heard(const std::string& activator, const activator::DemandReport& report) {
  scaling_.Hear(activator, report, clock_.Now());
  for (const auto& [key, uid] : followed_) {
    if (scaling_.IsWanted(uid)) Rescale(key, uid);
  }
}

void Controller::ActivatorsChanged() {
  scaling_.SetActivators(activators_.there(), clock_.Now());
  for (const auto& [key, uid] : followed_) Due(key);
}

Task<void> Controller::LookAt(std::string key, Json resource) {
  Observed observed = Observe(resource);
  observed.activation = Activate(key, observed);
  if (const auto known = overridden_.find(key); known != overridden_.end()) {
    observed.overridden = known->second;
  }
  std::vector<Action> actions = Reconcile(observed, classes_, Rfc3339(clock_.WallNow()));
  auto done = co_await CheckNames(key, observed, actions);
  if (done) done = co_await ApplyAll(observed, std::move(actions));
  if (!observed.overridden.empty()) overridden_[key] = observed.overridden;
  if (!done && !observed.obstacle) co_return done;
  // It is tried again where there is an obstacle: that may go without our being told.
  actions = Reconcile(observed, classes_, Rfc3339(clock_.WallNow()));
  auto rest = co_await DoAll(observed, std::move(actions));
  if (!rest) co_return rest;
  co_return done;
}

// Asks the API server itself who has the names of what is to be made: what we mirror are our own
// objects alone, and they may come late. What another look makes now is the other one's, though it
// may not be there yet. kFailedPrecondition, and an obstacle: somebody else has.
Task<void> Controller::CheckNames(const std::string& key, Observed& observed,
                                  const std::vector<Action>& actions) {
  const auto ours = [&observed](const Json& item) {
    return IsMadeFor(item, observed.resource) || IsKeptFor(item, observed.resource);
  };
  for (const Action& action : actions) {
    const auto* apply = std::get_if<Apply>(&action);
    if (apply == nullptr || apply->there) continue;
    const std::string path = PathOf(apply->object);
    bool is_free = making_.try_emplace(path, key).first->second == key;
    if (is_free) {
      const std::size_t name = path.rfind('/');
      std::string list =
          path.substr(0, name) + "?fieldSelector=metadata.name%3D" + path.substr(name + 1);
      auto found = co_await client_.List(std::move(list), Form::kMetadata);
      if (!found) co_return std::unexpected(std::move(found).error());
      is_free = std::ranges::all_of(found->items, ours);
    }
    if (is_free) continue;
    observed.obstacle = Taken(apply->object);
    Error error{Errc::kFailedPrecondition, observed.obstacle->message};
    co_return std::unexpected(std::move(error));
  }
  const Result<void> done;
  co_return done;
}

// What came of each is observed then. An obstacle: the API server does not take an object.
Task<void> Controller::ApplyAll(Observed& observed, std::vector<Action> actions) {
  for (const Action& action : actions) {
    const auto* apply = std::get_if<Apply>(&action);
    if (apply == nullptr) continue;
    std::string path = PathOf(apply->object);
    Json object = apply->object;
    const Others others = apply->there ? Others::kTakeOver : Others::kLeave;
    auto answer = co_await client_.Apply(std::move(path), std::move(object), others);
    if (answer && !Resembles(*answer, apply->object)) {
      answer = Fail(Errc::kUnavailable, "what was applied is answered with something else");
    }
    if (!answer) {
      Error error = std::move(answer).error();
      if (!apply->there && error.code == Errc::kFailedPrecondition) {
        observed.obstacle = Taken(apply->object);
      } else if (IsRefusal(error)) {
        observed.obstacle = Obstacle{
            .reason = "Refused", .message = apply->object.value("kind", "") + ": " + error.message};
      }
      co_return std::unexpected(std::move(error));
    }
    Differences differences = DifferencesOf(*answer, apply->object);
    if (!differences.empty()) {
      observed.overridden[DigestOf(apply->object)] = std::move(differences);
    }
    std::erase_if(observed.children,
                  [&](const Json& child) { return Resembles(child, apply->object); });
    observed.children.push_back(*std::move(answer));
  }
  const Result<void> done;
  co_return done;
}

// All but what was applied before. An Event that is not taken (there is a quota of them, or a rate)
// is logged, and nothing waits for it: the status says the same.
Task<void> Controller::DoAll(const Observed& observed, std::vector<Action> actions) {
  for (Action& action : actions) {
    const bool is_event = std::holds_alternative<Tell>(action);
    auto done = co_await Do(observed.resource, std::move(action));
    if (done) continue;
    if (!is_event) co_return done;
    log_.Warn("an Event is not taken",
              {{"resource", KeyOf(observed.resource)}, {"error", done.error().message}});
  }
  const Result<void> done;
  co_return done;
}

Task<void> Controller::Do(const Json& resource, Action action) {
  const std::string path = PathOf(resource);
  Result<void> done;
  Result<Json> answer = Json();
  if (auto* remove = std::get_if<Remove>(&action)) {
    done = co_await client_.Delete(std::move(remove->path), std::move(remove->uid),
                                   std::move(remove->version));
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
