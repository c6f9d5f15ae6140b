// inventory/features.h - tries the features that the documents state (advisor/features.h) on this
// host, as far as that only reads and prints.
//
//   strata versions, api --> [ FindHere: programs.h, TryFeatures ] --> advisor::Versions
//
// Nothing is installed, started or changed; what needs more than that is said to be untried.
//
// Threads:  any; a call blocks its thread, bounded as programs.h says. Errors: none: what cannot be
//           found out is untried, with the reason. Tested by features_test.cc.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "advisor/features.h"
#include "advisor/versions.h"

namespace strata::inventory {

// Where to look.
struct Places {
  std::filesystem::path root = "/";  // of files
  std::string release;               // of the kernel; empty: this one's
};

// What came of each, in their order.
std::vector<advisor::Tried> TryFeatures(std::span<const advisor::StatedFeature> features,
                                        const Places& places = {});

// What is here of all that the documents speak of.
advisor::FoundHere FindHere();

}  // namespace strata::inventory
