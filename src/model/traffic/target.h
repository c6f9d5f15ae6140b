// model/traffic/target.h - which of a workload's forms a share of traffic leads to: the one that it
// is placed in now, a kept revision, the current revision in another class, or a kept one in
// another.
//
//   Route's backends --> [ Target ] --> its function in a cell's configuration, call records
//
// As text it is "", "@3" (a revision), ":container" (a class) or "@3:container"; a name cannot hold
// either sign, so that name and target need no separator. Values. Tested by target_test.cc.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/values.h"

namespace strata::model {

struct Target {
  std::optional<std::uint32_t> revision;  // both only as a side of a rollout
  std::optional<Class> sandbox_class;     // as a workload's own: of a pair the inner one

  [[nodiscard]] bool current() const noexcept { return !revision && !sandbox_class; }
  [[nodiscard]] std::string ToString() const;
  friend auto operator<=>(const Target&, const Target&) = default;
};

// What ToString gives; nothing: it is no target.
std::optional<Target> ParseTarget(std::string_view text);

}  // namespace strata::model
