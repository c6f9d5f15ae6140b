// cell/wire/messages.h - what the manager and a cell say to each other (the cell wire).
//
//   manager <-- one stream socket, frames of {u32 length, JSON}, descriptors attached --> cell
//
// Each struct is one JSON object with a "type"; codec.h turns them to and from text and refuses
// unknown types, unknown or missing fields and out-of-range values (a cell is not trusted: what it
// sends is parsed like any hostile input; tests/fuzz covers it). Descriptors travel with the frame
// that names them, in the order of the fields marked [fd].
//
// A configuration is atomic: a cell answers Configure only after it could switch, and no request
// sees half of it. Values; no threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/traffic/header_match.h"
#include "model/values.h"

namespace strata::cell {

// ---- manager to cell ---------------------------------------------------------------------------

// Always the first message. [fd] the ring's memfd, then the private listener (an AF_UNIX socket on
// which the manager calls functions and sandboxes by name), then the control listener (on which a
// later manager adopts this cell).
struct Start {
  std::string instance;                  // of STRATA_HOME
  std::string cell;                      // "web-0"
  std::string tenant;                    // empty: of a front, which has all
  std::uint32_t max_sandboxes = 1000;    // pool slots
  std::uint64_t max_memory = 0;          // bytes; largest memory limit of any function
  std::uint64_t memory_reservation = 0;  // bytes of address space per memory
  std::uint64_t keep_resident = 0;
  std::string scratch_root;          // empty: scratch grants are refused
  std::uint32_t orphan_exit_s = 60;  // without a manager: drain and exit after this
};

// [fd] one per key: sealed memfds or verified cache files with native code, or, for the classes
// that keepers hold, the line of an image (sandbox/remote).
struct Modules {
  std::vector<std::string> keys;  // "<artifact sha256>-<engine key>", "<class>:<digest>@<keeper>"
};

// [fd] one bound and listening socket, shared by every cell that got a duplicate or a reuse-port
// twin.
struct Listen {
  std::string id;       // "web"
  std::string address;  // "127.0.0.1:8080", for messages
};

// Gives up every listener: requests under way are finished, clients' connections come back as
// GiveClient, then StoppedListening is answered.
struct StopListening {};

// [fd] the connection of a client that another cell of the listener served until now; it is between
// two requests.
struct TakeClient {
  std::string peer;  // its address
};

// To a front. [fd] its end of a line over which it may hand requests on to that cell of `tenant`
// (gateway/endpoint.h). A line that breaks is forgotten without a word.
struct AddEndpoint {
  std::string cell;
  std::string tenant;
};
// To a front: hands nothing more on to that cell; what is under way goes on.
struct RemoveEndpoint {
  std::string cell;
};
// To a host: [fd] its end of such a line.
struct ServeFront {
  std::string front;
};

struct Function {
  std::string tenant;
  std::string name;
  std::string
      target;  // which of its forms (model/traffic/target.h); empty: the one that it is placed in
  std::uint32_t revision = 0;
  std::string sandbox_class = "wasm";
  std::string module;    // a key of Modules; empty, to a front: its tenant's cells run it
  bool service = false;  // true: one sandbox serves many calls until a limit, trap or stop
  model::Priority priority = model::Priority::kNormal;
  model::Limits limits;
  model::Env env;
  model::Grants grants;

  // One that is equal to that of the configuration before goes on: its sandboxes, its calls.
  friend bool operator==(const Function&, const Function&) = default;
};

struct Backend {
  std::uint32_t function = 0;  // index into Configure::functions
  std::uint32_t weight = 100;
  bool named = false;  // by the route itself, as this form of its workload
};

struct Mirror {
  std::uint32_t function = 0;  // index into Configure::functions
  std::uint32_t percent = 100;
};

struct Route {
  std::string host;                  // "*" or exact, lower case
  std::string path;                  // prefix, by segments
  std::vector<std::string> methods;  // empty: all
  std::vector<model::HeaderMatch> headers;
  std::string split;              // a header's name, or empty: at random
  std::vector<Backend> backends;  // none: nobody serves it now
  bool refused = false;           // nor will anybody, until what is deployed there is changed
  std::optional<Mirror> mirror;
};

struct Observe {
  bool access_log = true;
  bool metering = true;
  double trace_ratio = 0.01;   // of requests that bring no decision of their own
  bool server_timing = false;  // answer with Server-Timing
};

struct Configure {
  std::uint32_t generation = 0;
  std::vector<Function> functions;
  std::vector<Route> routes;
  Observe observe;
};

// Makes an addressable sandbox of functions[function] of the current generation.
struct CreateSandbox {
  std::string id;
  std::uint32_t function = 0;
};
struct DeleteSandbox {
  std::string id;
};

// The manager's answer to Connect: [fd] the connected socket when `error` is empty.
struct Connected {
  std::uint64_t id = 0;
  std::string error;
};

// Stop accepting on every listener, finish what runs, answer Drained, exit 0.
struct Drain {
  std::uint32_t deadline_ms = 10'000;
};

// A later manager's first message on the control listener.
struct Adopt {
  std::string instance;
};

struct GetStats {};

// ---- cell to manager ---------------------------------------------------------------------------

struct Ready {
  std::string engine_key;
};
struct Configured {
  std::uint32_t generation = 0;
  std::string error;  // not empty: the old configuration stays
};
struct SandboxCreated {
  std::string id;
  std::string error;  // "CODE: message"
};
struct SandboxGone {
  std::string id;
  std::string reason;
};
// A guest of `function` (in `generation`) wants a connection; the manager checks the grant again.
struct Connect {
  std::uint64_t id = 0;
  std::uint32_t generation = 0;
  std::uint32_t function = 0;
  std::string host;
  std::uint16_t port = 0;
};
struct StoppedListening {};
// [fd] a client's connection between two requests, for whoever has the listener now.
struct GiveClient {};
struct Drained {};
// A function as its calls' records name it: by its place in the configuration.
struct Served {
  std::string tenant;
  std::string name;
  std::uint32_t revision = 0;
  std::string sandbox_class;
  bool service = false;
  std::optional<std::string> target;  // as Function's; none: of a cell that does not say it
};
// A list of functions that the cell served before, of which records may still speak.
struct FormerList {
  std::uint32_t generation = 0;
  std::vector<std::uint32_t> places;  // in State::functions and, behind them, Former::functions
};
struct Former {
  std::vector<Served> functions;  // that are in none of those of now
  std::vector<FormerList> lists;  // from the oldest on
};
inline constexpr std::size_t kMostFormerPlaces = 100'000;    // of all lists together
inline constexpr std::size_t kMostFormerFunctions = 10'000;  // so much fits into a frame
// Answer to Adopt. [fd] ring, private listener, control listener, then one per listener.
struct State {
  std::string cell;
  std::string tenant;
  std::string engine_key;
  std::uint32_t generation = 0;
  std::vector<Served> functions;  // of that generation
  std::vector<std::string> modules;
  std::vector<Listen> listeners;
  std::vector<std::string> sandboxes;
  std::vector<std::string> endpoints;  // of a front: the cells that it has a line to
  std::optional<Former> former;        // none: of a cell that does not tell it
};
struct Stats {
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t sandboxes = 0;
  std::uint64_t images_loaded = 0;
  std::uint64_t denials = 0;
  std::uint64_t ring_dropped = 0;
};

using ToCell = std::variant<Start, Modules, Listen, Configure, CreateSandbox, DeleteSandbox,
                            Connected, Drain, Adopt, GetStats, StopListening, AddEndpoint,
                            RemoveEndpoint, ServeFront, TakeClient>;
using ToManager = std::variant<Ready, Configured, SandboxCreated, SandboxGone, Connect, Drained,
                               State, Stats, StoppedListening, GiveClient>;

}  // namespace strata::cell
