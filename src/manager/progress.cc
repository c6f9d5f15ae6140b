#include "manager/progress.h"

#include <array>
#include <cstddef>

namespace strata::manager {

std::string_view StepName(Step::What what) noexcept {
  constexpr std::array<std::string_view, 5> kNames = {"pulling", "unpacking", "compiling",
                                                      "preparing", "starting"};
  return kNames.at(static_cast<std::size_t>(what));
}

}  // namespace strata::manager
