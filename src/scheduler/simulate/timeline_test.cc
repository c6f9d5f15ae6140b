#include "scheduler/simulate/timeline.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace strata::scheduler::simulate {
namespace {

using Entry = Timeline<std::uint32_t>::Entry;

TEST(TimelineTest, WhatIsDueComesInOrderOfTimeThenOfValue) {
  SeededRandom random(7);
  Timeline<std::uint32_t> timeline;
  std::vector<Entry> expected;
  for (int round = 0; round < 3000; ++round) {
    const Entry entry{static_cast<std::int64_t>(random.Below(50)),
                      static_cast<std::uint32_t>(random.Below(1000))};
    if (!timeline.empty() && random.Below(3) == 0) {
      const auto least = std::min_element(expected.begin(), expected.end());
      ASSERT_EQ(timeline.Top().at, least->at);
      ASSERT_EQ(timeline.Top().value, least->value);
      expected.erase(least);
      if (random.Below(2) == 0) {
        timeline.Pop();
        continue;
      }
      timeline.ReplaceTop(entry.at, entry.value);
    } else {
      timeline.Push(entry.at, entry.value);
    }
    expected.push_back(entry);
    ASSERT_EQ(timeline.size(), expected.size());
  }
}

}  // namespace
}  // namespace strata::scheduler::simulate
