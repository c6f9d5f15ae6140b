// model/target.h - which of a workload's forms a share of traffic leads to: the one that it is
// placed in now, a kept revision, or the current revision in another class.
//
//   Route's backends --> [ Target ] --> its function in a cell's configuration, call records
//
// As text it is "" (now), "@3" (a revision) or ":container" (a class); a name cannot hold either
// sign, so that name and target need no separator. Values. Tested by target_test.cc.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/values.h"

namespace strata::model {

struct Target {
  std::optional<std::uint32_t> revision;  // not both
  std::optional<Class> sandbox_class;     // as a workload's own: of a pair the inner one

  [[nodiscard]] bool current() const noexcept { return !revision && !sandbox_class; }
  [[nodiscard]] std::string ToString() const;
  friend auto operator<=>(const Target&, const Target&) = default;
};

// What ToString gives; nothing: it is no target.
std::optional<Target> ParseTarget(std::string_view text);

}  // namespace strata::model
