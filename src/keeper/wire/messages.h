// keeper/wire/messages.h - what the manager and a keeper say to each other.
//
//   manager <-- wire: one stream socket, frames of JSON, descriptors attached --> keeper
//
// Each struct is one JSON object with a "type"; codec.h turns them to and from text and refuses
// what it does not know. Descriptors travel with the frame that names them [fd]. Values; no
// threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "keeper/wire/reports.h"
#include "meter/prices.h"
#include "model/values.h"

namespace strata::keeper {

// ---- manager to keeper -------------------------------------------------------------------------

// Always the first message. [fd] the control listener, on which a later manager adopts this keeper.
struct Start {
  std::string instance;  // of STRATA_HOME
  std::string keeper;    // "shop-7"
  std::string tenant;
  std::string state_root;             // where sandboxes' directories are made
  std::string cgroup_parent;          // above all their groups
  std::uint32_t max_sandboxes = 100;  // of one class
  std::uint32_t orphan_exit_s = 60;   // without a manager: drain and exit after this
};

// Makes an image of class `sandbox_class` ready and keeps it as `key`. `root` is a
// artifact::RootImage in its JSON. A key that is there already is answered at once.
struct Prepare {
  std::string key;
  std::string sandbox_class;
  std::string root;
};

// Lets the image `image` run with these limits, variables and grants, and keeps that as `key`: a
// line to it makes sandboxes of this kind and no other. Answered with Prepared; what the class
// cannot enforce is its error. Makes nothing on the host. A key that is there already is answered
// at once.
struct Admit {
  std::string key;
  std::string image;  // a key that Prepare made
  std::string name;   // of the Function, for the ids of sandboxes that wait
  model::Limits limits;
  model::Env env;
  model::Grants grants;
  model::Scale scale;  // of the sandboxes that are made before their calls (pool.h)
  model::Priority priority = model::Priority::kNormal;  // of its calls, in line for a sandbox
  meter::Price price;                                   // by which idle sandboxes are kept
};

// Runs `replicas` servers of the image `image` until Forget, or as many as `scale` says, and keeps
// that as `key`: answered with Prepared once those that it begins with are ready, or when they do
// not become so; then it is forgotten, or kept where `prove` is false. A key that is there already
// is answered at once, one that is still starting when it is answered anyhow.
struct Serve {
  std::string key;
  std::string image;  // a key that Prepare made
  std::string name;   // of the Service, for the ids of its sandboxes and its log
  model::Limits limits;
  model::Env env;
  model::Grants grants;
  std::uint16_t port = 8080;
  std::uint32_t replicas = 1;         // without `scale`
  std::optional<model::Scale> scale;  // as many as the load needs
  bool prove = true;  // begins with one also where `scale` allows none: it is seen to come up
  model::Health health;
  model::Restart restart = model::Restart::kAlways;
  std::chrono::milliseconds stop_timeout{10'000};
};

// What a readiness probe needs at least to find a replica ready: that much longer is waited for it.
[[nodiscard]] constexpr std::chrono::milliseconds TimeToReady(const model::Health& health) {
  if (!health.readiness) return {};
  const model::Probe& probe = *health.readiness;
  return probe.initial_delay + (probe.period + probe.timeout) * probe.success_threshold;
}

// Runs `command` in a sandbox of the service `key`, with [fd, fd, fd] as its standard streams, or
// at a terminal, of which [fd] is the inner side. Answered with Done when it has ended. It is ended
// when this manager is lost.
struct Exec {
  std::uint64_t id = 0;
  std::string key;
  std::string sandbox;  // its id; empty: any that is ready
  std::vector<std::string> command;
  model::Env env;
  std::uint16_t rows = 0;  // of the terminal; zero: there is none
  std::uint16_t columns = 0;
};

// The terminal of the Exec `id` has another size.
struct ResizeExec {
  std::uint64_t id = 0;
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
};

// Nobody is there for the Exec `id` any more: it is to end, which Done says.
struct EndExec {
  std::uint64_t id = 0;
};

// Pauses or resumes every sandbox of the service `key`. Answered with Done.
struct SetPaused {
  std::uint64_t id = 0;
  std::string key;
  bool paused = false;
};

// Saves a sandbox of the service `key`, as it runs, under `name`. Answered with Done.
struct Snapshot {
  std::uint64_t id = 0;
  std::string key;
  std::string sandbox;  // its id; empty: any that is ready
  std::string name;
};

// Drops what was saved as `name`. Answered with Done.
struct DropSnapshot {
  std::uint64_t id = 0;
  std::string key;
  std::string name;
};

// Replaces every replica of the service `key` by one that goes on from `name`. Answered with Done
// once they are ready; its `names` are their ids.
struct Restore {
  std::uint64_t id = 0;
  std::string key;
  std::string name;
};

// Saves a sandbox and starts `count` that go on from there, beside the replicas. Answered with Done
// once they are ready; its `names` are their ids.
struct Fork {
  std::uint64_t id = 0;
  std::string key;
  std::string sandbox;
  std::uint32_t count = 1;
};

// Ends one that Fork made. Answered with Done.
struct EndFork {
  std::uint64_t id = 0;
  std::string key;
  std::string sandbox;
};

// What there is of the service `key`. Answered with Done: `names` are the replicas, `forks` and
// `snapshots` the others, `replicas` how each replica is.
struct GetSandboxes {
  std::uint64_t id = 0;
  std::string key;
};

// [fd] one end of a line (sandbox/remote); whoever has the other may run what was admitted as
// `key`, or reach the service.
struct Attach {
  std::string key;
};

// No further Attach of `key`; what runs goes on until its lines close. A service then ends. An
// image is kept for as long as anything runs it. A service that is still starting ends at once, and
// is not answered any more.
struct Forget {
  std::string key;
};

// The answer to Connect: [fd] the connected socket when `error` is empty.
struct Connected {
  std::uint64_t id = 0;
  std::string error;
};

// Take nothing new, finish the calls that run, answer Drained, exit 0.
struct Drain {
  std::uint32_t deadline_ms = 10'000;
};

// A later manager's first message on the control listener.
struct Adopt {
  std::string instance;
};

struct GetStats {};

// ---- keeper to manager -------------------------------------------------------------------------

struct Ready {};
struct Prepared {
  std::string key;
  std::string error;  // "CODE: message"
  bool kept = false;  // although there is an error: a service that goes on being started
};
struct Drained {};
// A replica of a service, whether it runs now or not.
struct ReplicaState {
  std::string sandbox;  // its id; empty: none runs
  bool ready = false;
  bool paused = false;
  std::uint32_t restarts = 0;
  std::string last_exit;            // of the life before; empty: there was none
  std::uint32_t starts_in_ms = 0;   // until it is started again; 0: it runs, or will not
  std::chrono::nanoseconds cpu{0};  // of this life
  Bytes memory;                     // now
};

struct Done {
  std::uint64_t id = 0;
  std::string error;
  std::uint32_t status = 0;  // of an Exec's program: its exit code; 128 + n for signal n
  std::vector<std::string> names;
  std::vector<std::string> forks;
  std::vector<std::string> snapshots;
  std::vector<ReplicaState> replicas;
};
// What a service's sandbox printed, without its newline.
struct Printed {
  std::string name;     // of the Service
  std::string sandbox;  // id
  std::string sandbox_class;
  std::string stream;  // "stdout", "stderr", "host"
  std::string text;
};
// A guest of what is kept as `key` wants a connection; the manager checks its grants again.
struct Connect {
  std::uint64_t id = 0;
  std::string key;
  std::string host;
  std::uint16_t port = 0;
};
// What guests of `key` sent, received and were refused, since it was told last.
struct Moved {
  std::string key;
  std::uint64_t sent = 0;      // bytes
  std::uint64_t received = 0;  // bytes
  std::uint64_t connections = 0;
  std::uint64_t denied = 0;
};
// A service that does not come up, and why.
struct Down {
  std::string key;
  std::string because;
};
// Answer to Adopt. [fd] the control listener.
struct State {
  std::string keeper;
  std::string tenant;
  std::vector<std::string> keys;
  std::vector<std::string> starting;  // services: a Prepared is to say whether they come up
  std::vector<Down> down;             // of `keys`: services that were not ready in time, nor since
};
struct Stats {
  std::uint64_t images = 0;
  std::uint64_t sandboxes = 0;
  std::uint64_t calls = 0;  // in flight
};

using ToKeeper = std::variant<Start, Prepare, Admit, Attach, Forget, Drain, Adopt, GetStats, Serve,
                              Exec, SetPaused, Snapshot, DropSnapshot, Restore, Fork, EndFork,
                              GetSandboxes, Connected, ResizeExec, EndExec>;
using ToManager = std::variant<Ready, Prepared, Drained, State, Stats, Printed, Done, Connect,
                               Moved, Measured, Scaled, Pooled>;

}  // namespace strata::keeper
