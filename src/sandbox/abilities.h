// sandbox/abilities.h - what a class cannot do, said before anybody tries: for `strata probe` and
// the manager's refusals, of verbs and of volumes. The drivers refuse the same with kUnsupported;
// tests/contract compares both.
//
// Threads: none; constants.
#pragma once

#include <span>
#include <string_view>

#include "model/values.h"

namespace strata::sandbox {

struct Inability {
  std::string_view verb;  // of the command line: "exec"; or one of the words below
  std::string_view why;
};

// Kinds of volumes (model/volume.h).
inline constexpr std::string_view kNamedVolume = "named volume";
inline constexpr std::string_view kTmpfsVolume = "tmpfs volume";
inline constexpr std::string_view kHostVolume = "host volume";
inline constexpr std::string_view kWritableHostVolume = "writable host volume";

// In the order of the verbs' help.
std::span<const Inability> InabilitiesOf(model::Class sandbox_class) noexcept;

// Why the class cannot do `verb`; empty: it can.
std::string_view WhyNot(model::Class sandbox_class, std::string_view verb) noexcept;

}  // namespace strata::sandbox
