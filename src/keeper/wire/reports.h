// keeper/wire/reports.h - what a keeper tells a manager of its own accord about what it runs: what
// was used, and how many there are. Messages as those of messages.h.
//
//   Service, Pools --> [ Measured, Scaled, Pooled ] --wire--> manager: accounts.h, scales.h
//
// Totals, and not differences: one that is lost or comes twice changes nothing. They begin anew
// with the keeper's process, and `key`, `name` and class say whose they are.
//
// Threads:  values. Errors: none here; what is no such message is codec.h's to refuse.
// Tested by codec_test.cc, keeper_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace strata::keeper {

// What sandboxes used, all of them together.
struct Use {
  std::chrono::nanoseconds cpu{0};
  std::chrono::nanoseconds held{0};  // how long there were sandboxes, added up
  std::uint64_t kib_ms = 0;          // memory that they held, times how long
  friend bool operator==(const Use&, const Use&) = default;
  Use& operator+=(const Use& more) noexcept;
};

// What a service's replicas and forks used since this keeper began, those that are gone included,
// and the memory that they have now. A total, so that it may come twice or be lost: whoever has
// counted an earlier one adds what it is more. From time to time when it has changed, and of every
// service that there was to a manager that has just adopted the keeper.
struct Measured {
  std::string name;  // of the Service
  std::string sandbox_class;
  Use used;
  Bytes memory;
  // That have this memory. Nothing: a keeper of an earlier version tells none.
  std::optional<std::uint32_t> sandboxes = std::nullopt;
  friend bool operator==(const Measured&, const Measured&) = default;
};

// How many replicas the service `key` has: whenever that changes, and to each new manager. What is
// counted is a total since it began, so that one of these may come twice or be lost.
struct Scaled {
  std::string key;
  std::string name;
  std::string sandbox_class;
  std::uint32_t desired = 0;
  std::uint32_t ready = 0;
  std::uint32_t max = 0;
  std::uint32_t paused = 0;       // that would serve
  std::uint32_t waiting = 0;      // requests, for one to be ready
  std::uint64_t cold_starts = 0;  // replicas that were started for requests that waited
  std::uint64_t refused = 0;      // requests, because too many waited
  // The last decision, of a service with `scale`; empty: there was none yet.
  std::string why;
  std::uint32_t before = 0;      // how many were desired
  std::uint64_t decided_ms = 0;  // ago
};

// How the sandboxes of a Function come, since it was admitted, all of its revisions in a class
// together; nothing of that is left when none is admitted any more. When it has changed, from time
// to time, and all to each new manager.
struct Pooled {
  std::string name;  // of the Function
  std::string sandbox_class;
  std::uint32_t ready = 0;    // made before their calls, now
  std::uint32_t wanted = 0;   // as many should be
  Bytes memory;               // that those hold
  std::uint64_t warm = 0;     // calls that found one
  std::uint64_t cold = 0;     // calls that waited for one to be made
  std::uint64_t refused = 0;  // calls that there was no room for
  std::uint64_t unused = 0;   // sandboxes that were ended without a call
  std::string problem;        // why fewer wait than should, and what to do; empty: none is missing
  friend bool operator==(const Pooled&, const Pooled&) = default;
  Pooled& operator+=(const Pooled& other);
};

}  // namespace strata::keeper
