// meter/prices.h - what computing costs: the one price list, by which the scheduler compares
// classes and the meter makes bills.
//
//   stratad --price, strata simulate --price --> [ Prices ] --> Choose, bills, KeepAlive's terms
//
// US dollars, per class. A price is linear in what was used; there is no minimum, no rounding and
// no free tier. What a node costs beside the list is its own factor (scheduler::Node::price).
//
// Threads:  values; set at start, read from then on. Errors: of Set only. Tested by prices_test.cc.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
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
  double start = 0;            // of one sandbox; what starting computes is overhead
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

  // "microvm.cpu_hour=0.05": of that class; "gib_hour=0.004": of all. kInvalidArgument, and nothing
  // changed: no such class or field, or no number from 0 to 1e6; it says what there is.
  Result<void> Set(std::string_view text);

  // Where they are from: the list of the defaults, and what was given instead.
  [[nodiscard]] const std::string& source() const noexcept { return source_; }

  // {"currency", "source", "classes": {name: {"cpu_hour", "gib_hour", "start", "wait"}}}
  [[nodiscard]] Json ToJson() const;

 private:
  std::array<Price, model::kClasses.size()> by_class_{};
  std::string source_ = "list prices of a cloud's container service (us-east-1, 2025)";
};

}  // namespace strata::meter
