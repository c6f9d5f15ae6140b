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

// What is said for each leaf of each tree, and for each answer to a question on the way to one.
inline std::vector<std::pair<const char*, SaidWords>> WaysToLeaves() {
  return {
      {"evolution_tree", {{"isolation_class", "medium"}}},
      {"evolution_tree", {{"isolation_class", "low"}}},
      {"evolution_tree", {{"isolation_class", "high"}, {"performance_class", "balanced"}}},
      {"evolution_tree",
       {{"isolation_class", "high"}, {"performance_class", "extreme"}, {"can_refactor", "true"}}},
      {"evolution_tree",
       {{"isolation_class", "high"}, {"performance_class", "extreme"}, {"can_refactor", "false"}}},
      {"launch_tree", {{"latency_ms", "2000"}}},
      {"launch_tree", {{"latency_ms", "150"}}},
      {"launch_tree", {{"latency_ms", "0"}}},
      {"enterprise_tree", {{"isolation_above_compliance", "true"}, {"latency_ms", "100"}}},
      {"enterprise_tree",
       {{"isolation_above_compliance", "true"}, {"latency_ms", "99"}, {"can_refactor", "true"}}},
      {"enterprise_tree", {{"isolation_above_compliance", "false"}, {"launches_per_second", "1"}}},
      {"utility_tree", {{"isolation_score", "0.8"}}},
      {"utility_tree", {{"isolation_score", "0.9"}, {"launches_per_second", "100"}}},
      {"utility_tree",
       {{"isolation_score", "0.9"}, {"launches_per_second", "101"}, {"rust_ability", "0.7"}}},
      {"selection_graph", {{"scenario", "cloud"}, {"second_need", "high performance"}}},
      {"selection_graph", {{"scenario", "cloud"}, {"second_need", "strong isolation"}}},
      {"selection_graph", {{"scenario", "edge"}, {"second_need", "very low resources"}}},
      {"selection_graph", {{"scenario", "edge"}, {"second_need", "secure isolation"}}},
      {"selection_graph", {{"scenario", "microservices"}, {"second_need", "service governance"}}},
      {"selection_graph", {{"scenario", "microservices"}, {"second_need", "fast deployment"}}},
      {"selection_graph",
       {{"scenario", "security_sensitive"}, {"second_need", "hardware isolation"}}},
      {"selection_graph", {{"scenario", "security_sensitive"}, {"second_need", "policy checking"}}},
      {"selection_graph", {{"scenario", "security_sensitive"}, {"second_need", "least privilege"}}},
      {"enterprise_tree",
       {{"isolation_above_compliance", "false"},
        {"launches_per_second", "2"},
        {"can_refactor", "true"}}},
      {"enterprise_tree",
       {{"isolation_above_compliance", "false"},
        {"launches_per_second", "2"},
        {"can_refactor", "false"}}},
      {"utility_tree",
       {{"isolation_score", "0.9"}, {"launches_per_second", "101"}, {"rust_ability", "0.6"}}}};
}

}  // namespace strata::advisor
