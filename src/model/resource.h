// model/resource.h - what a user declares: Function, Service and Route, as values.
//
// A Resource is made by model/manifest/manifest.h from YAML or JSON and is valid by construction:
// every rule of its kind was checked, names are normalised and defaults are filled in. Everything
// behind the API (store, manager, route) works with these types and never with text.
//
// Threads: values. Units are in the type or the name. Errors: none here; they are the reader's.
// Tested by model/manifest/manifest_test.cc.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/device.h"
#include "model/traffic/header_match.h"
#include "model/traffic/target.h"
#include "model/values.h"
#include "model/volume.h"

namespace strata::model {

inline constexpr std::string_view kApiVersion = "strata.dev/v1alpha1";

enum class Kind : std::uint8_t { kFunction, kService, kRoute };
std::string_view KindName(Kind value) noexcept;                    // "Function", ...
std::optional<Kind> KindFromName(std::string_view name) noexcept;  // exact, as in a manifest

// The part of Kubernetes' ObjectMeta that we keep. Its read-only fields (uid, creationTimestamp,
// resourceVersion, generation) are accepted in a manifest and dropped.
struct ObjectMeta {
  std::string name;                // DNS label
  std::string tenant = "default";  // `namespace` in a manifest: DNS label
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  friend bool operator==(const ObjectMeta&, const ObjectMeta&) = default;
};

// A place in the URL space. `path` is a segment-wise prefix ("/a" owns "/a" and "/a/b", not "/ab").
struct HttpMatch {
  std::string host = "*";            // "*" or an exact lower-case DNS name
  std::string path;                  // normalised: NormalizePath in model/rules.h
  std::vector<std::string> methods;  // upper case, sorted; empty means every method
  std::vector<HeaderMatch> headers;  // sorted by name; all of them must be there
  friend bool operator==(const HttpMatch&, const HttpMatch&) = default;
};

enum class Level : std::uint8_t { kLow, kMedium, kHigh };
std::string_view LevelName(Level value) noexcept;  // "low", "medium", "high"

// Read by the scheduler when it chooses a class.
struct Requires {
  Level security = Level::kLow;
  Level compatibility = Level::kLow;
  Level performance = Level::kLow;
  friend bool operator==(const Requires&, const Requires&) = default;
};

// What the scheduler goes by.
enum class PlacementBy : std::uint8_t {
  kCost,  // the cheapest class that may be used and keeps the SLO
  kRule,  // the document's rule alone: one class for each combination of `requires`
};
std::string_view PlacementByName(PlacementBy value) noexcept;  // "cost", "rule"

struct Slo {
  std::optional<std::chrono::milliseconds> p99;
  std::optional<std::chrono::milliseconds> cold_start;
  std::optional<std::uint32_t> qps;           // calls a second that it has to carry
  std::optional<std::uint32_t> availability;  // of a million calls, how many have to succeed
  friend bool operator==(const Slo&, const Slo&) = default;
};

// The most that running may cost: US cents for a million calls, of a Service for a replica's month.
struct Budget {
  std::optional<std::uint32_t> cents;
  friend bool operator==(const Budget&, const Budget&) = default;
};

// What an artifact is, and with it the classes that can run it: a wasm component or module, or a
// container image.
enum class VariantKind : std::uint8_t { kWasm, kImage };
std::string_view VariantKindName(VariantKind value) noexcept;  // "wasm", "image"
std::optional<VariantKind> VariantKindFromName(std::string_view name) noexcept;
VariantKind VariantFor(Class sandbox_class) noexcept;

// One of several artifacts that are the same program. What it is shows when it is read.
struct Variant {
  std::string artifact;  // as Workload::artifact
  friend bool operator==(const Variant&, const Variant&) = default;
};

// What runs, and inside which bounds: the part of a Function or Service that makes a revision.
struct Workload {
  std::string artifact;                // model/artifact_reference.h; empty: there are variants
  std::vector<Variant> variants;       // of different kinds; empty: there is only the artifact
  std::optional<Class> sandbox_class;  // absent: the scheduler chooses
  std::optional<Class> within;         // the class around that one, of a pair (Pair())
  GuestKind guest = GuestKind::kAuto;
  Limits limits;
  Env env;
  Grants grants;
  std::vector<Volume> volumes;
  std::vector<Mount> mounts;  // each of one of `volumes`
  std::vector<Device> devices;
  Requires requires_;
  Slo slo;
  Budget budget;
  PlacementBy placement = PlacementBy::kCost;
  Priority priority = Priority::kNormal;
  friend bool operator==(const Workload&, const Workload&) = default;
};

// The references that `workload` has, and where they stand.
struct NamedArtifact {
  std::string field;  // "spec.artifact", "spec.variants[0].artifact"
  std::string reference;
};
std::vector<NamedArtifact> ArtifactsOf(const Workload& workload);

// The class that `workload` runs in; `otherwise`, within what it asks for, when it names none.
// Nothing: it asks for a pair that there is not.
std::optional<Class> ClassOf(const Workload& workload, Class otherwise) noexcept;

// Why a Function in wasm has no `scale`, for messages.
inline constexpr std::string_view kNothingToKeep =
    "a sandbox of class wasm is made in microseconds, when its call comes: there is nothing to "
    "keep ready; leave it out";

// One call, one answer: every call runs in a fresh sandbox.
struct FunctionSpec {
  Workload workload;
  std::vector<HttpMatch> triggers;
  // Of an image: the sandboxes that are made before the calls that take them, `max` at most. No
  // keep-alive (0): none but `min`.
  Scale scale;
  friend bool operator==(const FunctionSpec&, const FunctionSpec&) = default;
};

// Long-running: a sandbox serves many calls until a limit, a trap or a stop. A wasm service is a
// wasi:http component; `port` is where it is seen to listen by classes that have a network.
struct ServiceSpec {
  Workload workload;
  std::vector<HttpMatch> triggers;
  std::uint16_t port = 8080;
  // Sandboxes that serve it at once. Absent: 1, or what `scale` says.
  std::optional<std::uint32_t> replicas;
  std::optional<Scale> scale;  // its min, max and concurrency are there
  // Absent: a replica is ready once it accepts connections at `port`, and alive while it runs.
  std::optional<Health> health;
  Restart restart = Restart::kAlways;
  std::chrono::milliseconds stop_timeout{10'000};  // from being asked to end to being made to
  friend bool operator==(const ServiceSpec&, const ServiceSpec&) = default;

  // The most sandboxes that serve it at once.
  [[nodiscard]] std::uint32_t most() const noexcept {
    return scale ? scale->max.value_or(*kServiceScale.max) : replicas.value_or(1);
  }
};

// A share of a route's traffic: weight / sum of weights. `function` names a Function or a Service
// of the same tenant; the two kinds share one name space. `target`: which of its forms.
struct Backend {
  std::string function;
  std::uint32_t weight = 1;
  Target target;
  friend bool operator==(const Backend&, const Backend&) = default;
};

// How requests are told to backends. Without a header, or a request without it: at random.
struct SplitBy {
  std::string header;  // lower case; requests with one value go to one backend
  friend bool operator==(const SplitBy&, const SplitBy&) = default;
};

// What gets a copy of requests beside their backend; its answers are compared and dropped.
struct Mirror {
  std::string function;
  Target target;
  std::uint32_t percent = 100;  // of the requests
  friend bool operator==(const Mirror&, const Mirror&) = default;
};

struct RouteSpec {
  HttpMatch match;
  std::vector<Backend> backends;  // at least one; the weights' sum is above zero
  std::optional<SplitBy> split;
  std::optional<Mirror> mirror;
  friend bool operator==(const RouteSpec&, const RouteSpec&) = default;
};

// Names one resource. Ordered by tenant, kind, name: the order of `strata get`.
struct ResourceKey {
  std::string tenant;
  Kind kind = Kind::kFunction;
  std::string name;
  friend auto operator<=>(const ResourceKey&, const ResourceKey&) = default;
  // "Function default/hello", for messages.
  [[nodiscard]] std::string ToString() const;
};

struct Resource {
  ObjectMeta metadata;
  std::variant<FunctionSpec, ServiceSpec, RouteSpec> spec;  // index = Kind

  [[nodiscard]] Kind kind() const noexcept { return static_cast<Kind>(spec.index()); }
  [[nodiscard]] ResourceKey key() const { return {metadata.tenant, kind(), metadata.name}; }
  // The runnable part of a Function or Service; null for a Route. Valid while this is unchanged.
  [[nodiscard]] const Workload* workload() const noexcept;
  friend bool operator==(const Resource&, const Resource&) = default;
};

}  // namespace strata::model
