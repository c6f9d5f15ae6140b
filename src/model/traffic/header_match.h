// model/traffic/header_match.h - a header field that a request must have for a route to match.
//
//   a Route's manifest --> [ HeaderMatch ] --wire--> route/plan/table.h, which compares
//
// Names are compared without case, values as they are; both are checked when the manifest is read.
//
// Threads:  values. Tested by manifest_test.cc and route/plan/table_test.cc.
#pragma once

#include <compare>
#include <string>

namespace strata::model {

struct HeaderMatch {
  std::string name;   // lower case
  std::string value;  // exact
  friend auto operator<=>(const HeaderMatch&, const HeaderMatch&) = default;
};

}  // namespace strata::model
