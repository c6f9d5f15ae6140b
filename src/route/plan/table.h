// route/plan/table.h - which function answers a request: host, path and method to weighted
// backends.
//
//   Configure --> Table::Build (seconds, rare)      request --> Table::Find (nanoseconds, always)
//
// A route matches when its host, path prefix, methods and headers all match. Among the matches an
// exact host beats "*", then the longest prefix wins, then a route that names the method beats one
// that takes all, then more headers beat fewer (the order of Kubernetes' Gateway API), and of
// equally many those that come first by name and value. Prefixes end at segments: "/a" matches
// "/a", "/a/" and "/a/b", never "/ab". A header matches when the request has one field of that name
// with exactly that value: of two fields nobody could tell which one the guest reads.
//
// Threads: immutable after Build; any thread may call Find. Find allocates nothing and costs one
// hash probe for each segment of the path, however many routes there are.
// Tested by table_test.cc against a naive reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "model/traffic/header_match.h"

namespace strata::route {

struct Backend {
  std::uint32_t function = 0;  // index into the functions of the same configuration
  std::uint32_t weight = 100;
  bool named = false;  // by the route, as this form of its workload (meter::LedBy::kForm)
  friend bool operator==(const Backend&, const Backend&) = default;
};

struct Mirror {
  std::uint32_t function = 0;  // that gets copies (route/answer/mirror.h)
  std::uint32_t percent = 100;
  friend bool operator==(const Mirror&, const Mirror&) = default;
};

struct Rule {
  std::string host = "*";            // "*" or an exact name in lower case
  std::string path = "/";            // canonical prefix (see path.h); a slash at its end is ignored
  std::vector<std::string> methods;  // empty: all
  // At least one with a weight; none at all: it leads to something that nobody serves now.
  std::vector<Backend> backends;
  std::vector<model::HeaderMatch> headers;  // sorted
  std::string split;                        // a header's name in lower case; empty: at random
  std::optional<Mirror> mirror;
  bool refused = false;  // it has no backend, and gets none unless what is deployed there changes
};

class Table {
 public:
  // What Find found. Views borrow the table.
  struct Match {
    enum class Kind : std::uint8_t { kFound, kNoRoute, kWrongMethod };
    Kind kind = Kind::kNoRoute;
    const Rule* rule = nullptr;  // kFound only
  };

  Table() = default;

  // Makes the table. Fails with kInvalidArgument, naming the rule: a host or path that can never
  // match, a backend that is not below `functions`, weights that are all zero or add up to more
  // than 2^32 - 1, or two rules with the same host, path, headers and method.
  static Result<Table> Build(std::vector<Rule> rules, std::size_t functions);

  // `path` must be canonical (path.h). `host` is compared without case.
  [[nodiscard]] Match Find(std::string_view host, std::string_view path, std::string_view method,
                           std::span<const http::Header> headers = {}) const noexcept;

  // The value of `Allow` for a kWrongMethod: every method that some rule takes for `host`, `path`
  // and `headers`, sorted. Allocates: it is for error answers.
  [[nodiscard]] std::string Allow(std::string_view host, std::string_view path,
                                  std::span<const http::Header> headers = {}) const;

  [[nodiscard]] std::size_t size() const noexcept { return rules_.size(); }

 private:
  // One host and prefix; its rules are rules_[first .. first + count).
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t first = 0;
    std::uint32_t count = 0;  // 0: the slot is free
  };

  // Calls `visit(const Slot&)` for every slot that matches host and path, best first, until it
  // returns true.
  template <typename Visit>
  void Walk(std::string_view host, std::string_view path, Visit&& visit) const;
  [[nodiscard]] const Slot* Probe(std::uint64_t hash, std::string_view host,
                                  std::string_view prefix) const noexcept;
  Result<void> AddSlots();

  std::vector<Rule> rules_;  // sorted by host, path, then what wins first
  std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
  std::size_t max_depth_ = 0;
};

// Picks a backend of `rule`, which has some, by weight; `draw` is uniformly distributed over 32
// bits.
const Backend& PickBackend(const Rule& rule, std::uint32_t draw) noexcept;

// The draw for a request that has the header that `rule` splits by: a hash of its value, the same
// in every process, so one value stays on one backend, and, while a backend's weight only grows, on
// that one. Nothing: it has none.
std::optional<std::uint32_t> DrawByHeader(const Rule& rule,
                                          std::span<const http::Header> headers) noexcept;

}  // namespace strata::route
