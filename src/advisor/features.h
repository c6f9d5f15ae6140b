// advisor/features.h - the features that the documents state for a version of a technology, and how
// each can be tried on a host without changing anything: by what a program says of itself, by a
// file of the kernel, by its release; or why it is not tried.
//
//   StatedFeatures --> inventory/features.h tries them --> Versions
//
// Threads: values. Tested by versions_test.cc: every technology with features has a row here.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/report/text.h"

namespace strata::advisor {

struct StatedFeature {
  enum class Trial : std::uint8_t {
    kProgram,  // `program arguments` prints `shows`
    kFound,    // `program` is installed
    kFile,     // `shows` exists
    kConfig,   // the kernel's configuration has `shows`
    kRelease,  // the kernel is at least `shows`
    kNone,     // `why` says why not
  };
  std::string_view technology;  // as versions.yaml calls it
  Text feature;
  Trial trial = Trial::kNone;
  std::string_view program;
  std::array<std::string_view, 2> arguments;  // empty ones are left out
  std::string_view shows;
  Text why;
};

std::span<const StatedFeature> StatedFeatures();

// What came of a trial: the feature is here, is not, or was not tried; and what showed it.
struct Tried {
  enum class Outcome : std::uint8_t { kHere, kNotHere, kNotTried } outcome = Outcome::kNotTried;
  Text evidence;
};

}  // namespace strata::advisor
