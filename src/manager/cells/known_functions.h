// manager/cells/known_functions.h - what a cell's records speak of: functions by their place in one
// of the configurations that it was told of.
//
//   Configure, CreateSandbox --> [ KnownFunctions ] --Find--> Collector, Fleet::OnConnect
//
// A call ends with the configuration that it began with, so the functions of one that was replaced
// stay known until the last of its calls has ended. The function of an addressable sandbox stays
// known as long as that lives: it stands where it stood in the last configuration that had it. What
// an earlier manager made sandboxes of is not known.
//
// Of replaced configurations kMost are known at most; functions that did not change are kept once.
//
// Threads:  one loop. Lifetime: what Find gives is good until the next Tell or Switched.
// Errors:   none; what is not known is said by null. Tested by known_functions_test.cc and
//           records/collector_test.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cell/wire/messages.h"

namespace strata::manager {

class KnownFunctions {
 public:
  static constexpr std::size_t kMost = 4096;
  // What a record may come later than its call should have ended: its client reads slowly, the ring
  // is full.
  static constexpr std::chrono::minutes kLate{1};

  // The cell is told of these as `generation`, no number twice, and switches to them or refuses
  // them before it is told of others.
  void Tell(std::uint32_t generation, std::vector<cell::Function> functions);
  // It has: no call begins on another one from `now` on.
  void Switched(std::uint32_t generation, TimePoint now);

  // It has made `sandbox` of the function at `index` of what it serves.
  void Made(const std::string& sandbox, std::uint32_t index);
  void Gone(const std::string& sandbox) { sandboxes_.erase(sandbox); }

  [[nodiscard]] const cell::Function* Find(std::uint32_t generation, std::uint32_t index) const;

 private:
  // Shared by the lists that have it: the cell keeps what did not change from one to the next.
  using Known = std::shared_ptr<const cell::Function>;
  struct List {
    std::vector<Known> functions;
    TimePoint until = TimePoint::max();  // records may speak of it
  };
  struct Place {
    std::uint32_t generation = 0;
    std::uint32_t index = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };

  [[nodiscard]] const std::vector<Known>* ListOf(std::uint32_t generation) const;

  std::uint32_t served_ = 0;
  std::map<std::uint32_t, List> lists_;  // by generation
  std::map<std::string, Known> sandboxes_;
  std::map<Known, Place> stands_;  // of functions of sandboxes: where it does, or did last
};

}  // namespace strata::manager
