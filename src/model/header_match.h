// model/header_match.h - a header field that a request must have for a route to match.
// Values; no threads.
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
