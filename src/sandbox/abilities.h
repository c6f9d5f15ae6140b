// sandbox/abilities.h - what a class cannot do, said before anybody tries: for `strata probe` and
// the manager's refusals, of verbs and of volumes. And how many connections its servers can hold,
// for the keeper.
//
//   manager, strata-keeper --probe --> [ WhyNot, InabilitiesOf ];  keeper --> [ MostConnections ]
//
// The drivers refuse the same with kUnsupported; tests/contract compares both. Where this and a
// driver differ, the driver is right.
//
// Threads:  any; constants. Errors: none. Tested by tests/contract.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
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

// How many connections (Sandbox::Dial) a server with that limit of memory can hold at once beside
// its own work, by what each costs in its sandbox; 0: as many as the server takes itself.
std::uint32_t MostConnections(model::Class sandbox_class, Bytes memory) noexcept;

// Why the class cannot do `verb`; empty: it can.
std::string_view WhyNot(model::Class sandbox_class, std::string_view verb) noexcept;

}  // namespace strata::sandbox
