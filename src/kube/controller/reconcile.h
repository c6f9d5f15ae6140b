// kube/controller/reconcile.h - what to do about one of our resources in a cluster,
// from what it says and what is there: the whole of the controller's judgement, without a request.
//
//   resource, observed objects, nodes --> [ Reconcile ] --> Actions --> api_client.h
//
// A resource has our finalizer before anything is made for it; once it is deleted, what was made
// goes first, its NetworkPolicy after the last pod, and the finalizer last; where that is to be
// left the finalizer goes at once, and nothing else. What cannot be made is said in the condition
// Ready, with a reason; the other conditions are somebody else's. Two resources may have one name
// where they are of two kinds: what was made for one is never touched for the other. A volume that
// is to be kept has no owner, and is never removed; whether it is, the manifest says last, also of
// a resource that was deleted before that could be made, and where it cannot be read, every volume
// is kept. The way through the activators stays until what no longer follows its load is ready
// without it, and the port there for as long as the way. What the API server makes of an object is
// not always what was applied: admission webhooks change it. That is said (`Overridden`), and not
// applied again at every look.
//
// Threads: pure, deterministic. Tested by reconcile_test.cc.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/text/json.h"
#include "kube/controller/desired.h"
#include "kube/controller/difference.h"
#include "kube/controller/place.h"

namespace strata::kube::controller {

inline constexpr std::string_view kFinalizer = "strata.dev/controller";

// Makes the object, or changes it where it differs (server-side apply). None of what is already as
// it shall be (difference.h). They come first: what else there is to do follows from what came of
// them.
struct Apply {
  Json object;
  bool there = false;  // made by us: what others changed of it is changed back
};
// Deletes the object at `path` as it was seen, and what it owns first. Not what has changed since:
// it may be another's by then.
struct Remove {
  std::string path;
  std::string uid;
  std::string version;
};
// The resource's finalizers, unless it has changed meanwhile.
struct SetFinalizers {
  Json finalizers;
};
struct SetStatus {
  Json status;
};
// An Event of the resource, for `kubectl describe`: the condition has another reason now. Comes
// last, and may be lost.
struct Tell {
  bool well = false;
  std::string reason;
  std::string message;
};
using Action = std::variant<Apply, Remove, SetFinalizers, SetStatus, Tell>;

// Why what is to be made cannot be, as trying to showed.
struct Obstacle {
  std::string reason;  // one word
  std::string message;
};

struct Observed {
  Json resource;  // of ours, as the API server has it
  // What is labelled as ours under the names of what is made for it, and the claims that are
  // labelled as its.
  std::vector<Json> children;
  // Where what was applied differs from what came of it, by the digest of that (difference.h): for
  // as long as it is so, it is not applied again, and said.
  std::map<std::string, Differences> overridden;
  std::optional<Obstacle> obstacle;      // then nothing is made
  std::optional<Activation> activation;  // where its replicas follow its load
};

// Whether `object` was made for `resource`: that is its controller.
bool IsMadeFor(const Json& object, const Json& resource);

// Whether requests of the resource still go to the activators: the EndpointSlice that leads there
// is there.
bool IsLedToActivators(const Observed& observed);

// Whether the labels of `object` say that it is the resource's; nobody but its owner vouches for
// it.
bool IsLabelled(const Json& object, const Json& resource);

// Whether `object` is the claim of a volume that was kept for who has that kind and name.
bool IsKeptFor(const Json& object, const Json& resource);

// Somebody else has the name of `object`, which is to be made.
Obstacle Taken(const Json& object);

// `now`: RFC 3339, for conditions that change.
std::vector<Action> Reconcile(const Observed& observed, const ClusterNodes& nodes,
                              std::string_view now);

}  // namespace strata::kube::controller
