// meter/prices.h - what computing costs: the one price list, by which the scheduler compares
// classes and the meter makes bills.
//
//   stratad --price, strata simulate --price --> [ Prices ] --> Choose, bills, KeepAlive's terms
//
// US dollars, per class. A price is linear in what was used; there is no minimum, no rounding and
// no free tier. What a node costs beside the list is a factor (scheduler::Node::price), by the
// node's name.
//
// Threads:  values; set at start, read from then on. Errors: of Set only. Tested by prices_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/text/json.h"
#include "model/values.h"

namespace strata::meter {

inline constexpr double kMsPerHour = 3.6e6;
inline constexpr double kMibPerGib = 1024;
inline constexpr double kMostPrice = 1e6;  // of a field of Price

// What something used, or would use.
struct Amount {
  double cpu_ms = 0;
  double mib_ms = 0;  // MiB held, times how long
  double starts = 0;  // of sandboxes
};

// US dollars. The defaults are list prices of a large cloud's container service (us-east-1, 2025),
// the same for every class: comparisons between classes hardly depend on them.
struct Price {
  double cpu_hour = 0.04048;   // of one processor, busy
  double gib_hour = 0.004445;  // of memory, held
  double start = 0;            // of one sandbox
  // What it is worth that a call need not wait for its sandbox to be made: on no bill; idle
  // sandboxes are kept for as long as that is worth their memory.
  double wait = 1e-4;
  friend bool operator==(const Price&, const Price&) = default;

  // US dollars.
  [[nodiscard]] double Of(const Amount& amount) const noexcept;
};

class Prices {
 public:
  [[nodiscard]] const Price& Of(model::Class sandbox_class) const noexcept {
    return by_class_[static_cast<std::size_t>(sandbox_class)];
  }

  // "microvm.cpu_hour=0.05": of that class; "gib_hour=0.004": of all; "node.vm-1=0.3": the factor
  // of that node, "node.spot-*=0.3": of all whose names begin so. kInvalidArgument, and nothing
  // changed: no such class or field, or no number from 0 to 1e6; it says what there is.
  Result<void> Set(std::string_view text);

  // What `node` costs beside the list: what was given last for its name, else 1.
  [[nodiscard]] double FactorOf(std::string_view node) const noexcept;
  // The list as it is on `node`: all but `wait` times its factor, and 1e6 at most.
  [[nodiscard]] Prices On(std::string_view node) const;

  // Starting a sandbox of the class takes the platform `cpu_ms` of a processor, says `source`: what
  // that costs is the price of a start, unless Set() gave one.
  void StartComputes(model::Class sandbox_class, double cpu_ms, std::string_view source);
  // The processor time that is in the price of a start. 0: Set() gave it, or nothing is known.
  [[nodiscard]] double StartMs(model::Class sandbox_class) const noexcept {
    return starts_[static_cast<std::size_t>(sandbox_class)].cpu_ms;
  }

  // Where they are from: the list of the defaults, and what was given instead.
  [[nodiscard]] const std::string& source() const noexcept { return source_; }

  // {"currency", "source", "classes": {name: {"cpu_hour", "gib_hour", "start", "start_from",
  // "wait"}}, "nodes": {name: factor}}
  [[nodiscard]] Json ToJson() const;

 private:
  // Where the price of a class's starts is from.
  struct Start {
    bool given = false;
    double cpu_ms = 0;
    std::string from = "nothing was measured";
  };
  Result<void> SetNode(std::string_view text, std::string_view name, std::string_view value);

  std::array<Price, model::kClasses.size()> by_class_{};
  std::array<Start, model::kClasses.size()> starts_{};
  std::vector<std::pair<std::string, double>>
      nodes_;  // name, or beginning and "*"; the last counts
  std::string source_ = "list prices of a cloud's container service (us-east-1, 2025)";
};

}  // namespace strata::meter
