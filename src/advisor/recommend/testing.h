// advisor/recommend/testing.h - what tests of recommendations share; for tests only, no library
// includes it.
//
// Threads:  pure.
#pragma once

#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/recommend/case.h"

namespace strata::advisor {

// Variables and what is said of them.
using SaidWords = std::vector<std::pair<const char*, const char*>>;

// The case in which that was said, each a variable's value.
inline Case Said(const SaidWords& said) {
  Case about;
  for (const auto& [variable, value] : said) {
    EXPECT_TRUE(about.Set(variable, value).has_value()) << variable << ' ' << value;
  }
  return about;
}

}  // namespace strata::advisor
