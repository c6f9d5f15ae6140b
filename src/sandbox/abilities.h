// sandbox/abilities.h - what a class cannot do, said before anybody tries: for `strata probe` and
// the manager's refusals. The drivers refuse the same with kUnsupported; tests/contract compares
// both.
//
// Threads: none; constants.
#pragma once

#include <span>
#include <string_view>

#include "model/values.h"

namespace strata::sandbox {

struct Inability {
  std::string_view verb;  // of the command line: "exec"
  std::string_view why;
};

// In the order of the verbs' help.
std::span<const Inability> InabilitiesOf(model::Class sandbox_class) noexcept;

// Why the class cannot do `verb`; empty: it can.
std::string_view WhyNot(model::Class sandbox_class, std::string_view verb) noexcept;

}  // namespace strata::sandbox
