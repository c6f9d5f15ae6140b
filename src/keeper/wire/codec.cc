#include "keeper/wire/codec.h"

#include <array>
#include <string_view>
#include <variant>

#include "keeper/wire/messages.h"
#include "keeper/wire/reports.h"
#include "meter/prices.h"
#include "wire/message.h"
#include "wire/values.h"

namespace strata::meter {

void Each(auto& visit, wire::Is<Price> auto& m) {
  constexpr wire::Range kPrices{0, kMostPrice};
  visit("cpu_hour", m.cpu_hour, kPrices);
  visit("gib_hour", m.gib_hour, kPrices);
  visit("start", m.start, kPrices);
  visit("wait", m.wait, kPrices);
}

}  // namespace strata::meter

namespace strata::keeper {

using wire::Is;

void Each(auto& visit, Is<Start> auto& m) {
  visit("instance", m.instance);
  visit("keeper", m.keeper);
  visit("tenant", m.tenant);
  visit("state_root", m.state_root);
  visit("cgroup_parent", m.cgroup_parent);
  visit("max_sandboxes", m.max_sandboxes);
  visit("orphan_exit_s", m.orphan_exit_s);
}

void Each(auto& visit, Is<Prepare> auto& m) {
  visit("key", m.key);
  visit("class", m.sandbox_class);
  visit("root", m.root);
}

void Each(auto& visit, Is<Admit> auto& m) {
  visit("key", m.key);
  visit("image", m.image);
  visit("name", m.name);
  visit("limits", m.limits);
  visit("env", m.env);
  visit("grants", m.grants);
  visit("scale", m.scale);
  visit("priority", m.priority);
  visit("price", m.price);
}

void Each(auto& visit, Is<Serve> auto& m) {
  visit("key", m.key);
  visit("image", m.image);
  visit("name", m.name);
  visit("limits", m.limits);
  visit("env", m.env);
  visit("grants", m.grants);
  visit("port", m.port);
  visit("replicas", m.replicas);
  visit("scale", m.scale);
  visit("prove", m.prove);
  visit("health", m.health);
  visit("restart", m.restart);
  visit("stop_timeout_ms", m.stop_timeout);
}

void Each(auto& visit, Is<ReplicaState> auto& m) {
  visit("sandbox", m.sandbox);
  visit("ready", m.ready);
  visit("paused", m.paused);
  visit("restarts", m.restarts);
  visit("last_exit", m.last_exit);
  visit("starts_in_ms", m.starts_in_ms);
  visit("cpu_ns", m.cpu);
  visit("memory", m.memory);
}

void Each(auto& visit, Is<Use> auto& m) {
  visit("cpu_ns", m.cpu);
  visit("held_ns", m.held);
  visit("kib_ms", m.kib_ms);
}

void Each(auto& visit, Is<Measured> auto& m) {
  visit("name", m.name);
  visit("class", m.sandbox_class);
  visit("used", m.used);
  visit("memory", m.memory);
  visit("sandboxes", m.sandboxes);
}

void Each(auto& visit, Is<Scaled> auto& m) {
  visit("key", m.key);
  visit("name", m.name);
  visit("class", m.sandbox_class);
  visit("desired", m.desired);
  visit("ready", m.ready);
  visit("max", m.max);
  visit("paused", m.paused);
  visit("waiting", m.waiting);
  visit("cold_starts", m.cold_starts);
  visit("refused", m.refused);
  visit("why", m.why);
  visit("before", m.before);
  visit("decided_ms", m.decided_ms);
}

void Each(auto& visit, Is<Pooled> auto& m) {
  visit("name", m.name);
  visit("class", m.sandbox_class);
  visit("ready", m.ready);
  visit("wanted", m.wanted);
  visit("memory", m.memory);
  visit("warm", m.warm);
  visit("cold", m.cold);
  visit("refused", m.refused);
  visit("unused", m.unused);
  visit("problem", m.problem);
}

void Each(auto& visit, Is<Exec> auto& m) {
  visit("id", m.id);
  visit("key", m.key);
  visit("sandbox", m.sandbox);
  visit("command", m.command);
  visit("env", m.env);
  visit("rows", m.rows);
  visit("columns", m.columns);
}

void Each(auto& visit, Is<ResizeExec> auto& m) {
  visit("id", m.id);
  visit("rows", m.rows);
  visit("columns", m.columns);
}

void Each(auto& visit, Is<EndExec> auto& m) { visit("id", m.id); }

void Each(auto& visit, Is<SetPaused> auto& m) {
  visit("id", m.id);
  visit("key", m.key);
  visit("paused", m.paused);
}

void Each(auto& visit, Is<Snapshot> auto& m) {
  visit("id", m.id);
  visit("key", m.key);
  visit("sandbox", m.sandbox);
  visit("name", m.name);
}

void Each(auto& visit, Is<DropSnapshot> auto& m) {
  visit("id", m.id);
  visit("key", m.key);
  visit("name", m.name);
}

void Each(auto& visit, Is<Restore> auto& m) {
  visit("id", m.id);
  visit("key", m.key);
  visit("name", m.name);
}

void Each(auto& visit, Is<Fork> auto& m) {
  visit("id", m.id);
  visit("key", m.key);
  visit("sandbox", m.sandbox);
  visit("count", m.count);
}

void Each(auto& visit, Is<EndFork> auto& m) {
  visit("id", m.id);
  visit("key", m.key);
  visit("sandbox", m.sandbox);
}

void Each(auto& visit, Is<GetSandboxes> auto& m) {
  visit("id", m.id);
  visit("key", m.key);
}

void Each(auto& visit, Is<Done> auto& m) {
  visit("id", m.id);
  visit("error", m.error);
  visit("status", m.status);
  visit("names", m.names);
  visit("forks", m.forks);
  visit("snapshots", m.snapshots);
  visit("replicas", m.replicas);
}

void Each(auto& visit, Is<Printed> auto& m) {
  visit("name", m.name);
  visit("sandbox", m.sandbox);
  visit("class", m.sandbox_class);
  visit("stream", m.stream);
  visit("text", m.text);
}

void Each(auto& visit, Is<Connected> auto& m) {
  visit("id", m.id);
  visit("error", m.error);
}

void Each(auto& visit, Is<Connect> auto& m) {
  visit("id", m.id);
  visit("key", m.key);
  visit("host", m.host);
  visit("port", m.port);
}

void Each(auto& visit, Is<Moved> auto& m) {
  visit("key", m.key);
  visit("sent", m.sent);
  visit("received", m.received);
  visit("connections", m.connections);
  visit("denied", m.denied);
}

void Each(auto& visit, Is<Attach> auto& m) { visit("key", m.key); }
void Each(auto& visit, Is<Forget> auto& m) { visit("key", m.key); }
void Each(auto& visit, Is<Drain> auto& m) { visit("deadline_ms", m.deadline_ms); }
void Each(auto& visit, Is<Adopt> auto& m) { visit("instance", m.instance); }
void Each(auto&, Is<GetStats> auto&) {}
void Each(auto&, Is<Ready> auto&) {}

void Each(auto& visit, Is<Prepared> auto& m) {
  visit("key", m.key);
  visit("error", m.error);
  visit("kept", m.kept);
}

void Each(auto&, Is<Drained> auto&) {}

void Each(auto& visit, Is<Down> auto& m) {
  visit("key", m.key);
  visit("because", m.because);
}

void Each(auto& visit, Is<State> auto& m) {
  visit("keeper", m.keeper);
  visit("tenant", m.tenant);
  visit("keys", m.keys);
  visit("starting", m.starting);
  visit("down", m.down);
}

void Each(auto& visit, Is<Stats> auto& m) {
  visit("images", m.images);
  visit("sandboxes", m.sandboxes);
  visit("calls", m.calls);
}

namespace {

// The "type" of a message, in the order of the variants.
constexpr std::array<std::string_view, std::variant_size_v<ToKeeper>> kToKeeperTypes = {
    "start",      "prepare",       "admit",         "attach",      "forget",
    "drain",      "adopt",         "get_stats",     "serve",       "exec",
    "set_paused", "snapshot",      "drop_snapshot", "restore",     "fork",
    "end_fork",   "get_sandboxes", "connected",     "resize_exec", "end_exec"};
constexpr std::array<std::string_view, std::variant_size_v<ToManager>> kToManagerTypes = {
    "ready", "prepared", "drained", "state",    "stats",  "printed",
    "done",  "connect",  "moved",   "measured", "scaled", "pooled"};

}  // namespace

std::string Encode(const ToKeeper& message) { return wire::EncodeAs(message, kToKeeperTypes); }
std::string Encode(const ToManager& message) { return wire::EncodeAs(message, kToManagerTypes); }
Result<ToKeeper> DecodeToKeeper(std::string_view text) {
  return wire::DecodeAs<ToKeeper>(text, kToKeeperTypes);
}
Result<ToManager> DecodeToManager(std::string_view text) {
  return wire::DecodeAs<ToManager>(text, kToManagerTypes);
}

}  // namespace strata::keeper
