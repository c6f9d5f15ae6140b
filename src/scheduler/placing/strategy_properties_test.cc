#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "scheduler/placing/strategy.h"
#include "scheduler/testing.h"

namespace strata::scheduler {
namespace {

using model::Class;
using model::Level;

constexpr std::array kAll = model::kClasses;

// What must hold of every decision, over thousands of questions.
class PropertiesTest : public ::testing::Test {
 protected:
  int Pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  Level AnyLevel() { return static_cast<Level>(Pick(3)); }

  void MakeQuestion() {
    question_ = {.function = Pick(2) == 0,
                 .requires_ = {AnyLevel(), AnyLevel(), AnyLevel()},
                 .by = Pick(4) == 0 ? model::PlacementBy::kRule : model::PlacementBy::kCost,
                 .memory = Bytes::MiB(64),
                 .held = static_cast<std::uint32_t>(1 + Pick(3))};
    if (Pick(2) == 0) question_.slo.p99 = std::chrono::milliseconds(1 + Pick(300));
    if (Pick(4) == 0) question_.slo.cold_start = std::chrono::milliseconds(1 + Pick(300));
    if (Pick(2) == 0) question_.budget.cents = static_cast<std::uint32_t>(Pick(300));
    if (Pick(3) == 0) question_.slo.qps = static_cast<std::uint32_t>(1 + Pick(300));
    if (Pick(4) == 0)
      question_.slo.availability = 1'000'000 - static_cast<std::uint32_t>(Pick(99'999));
    question_.devices = Pick(4) == 0;
    if (Pick(4) == 0) question_.asked = kAll[static_cast<std::size_t>(Pick(5))];
    options_.clear();
    for (const Class each : kAll) {
      Option option{
          each, Pick(4) != 0, Pick(6) == 0 ? "cannot" : "", Pick(2) == 0 ? "withheld" : "",
          "",   std::nullopt};
      if (Pick(4) != 0) option.figures = FiguresOf(1 + Pick(300), Pick(100), Pick(200));
      if (option.figures && Pick(2) == 0) {
        option.figures->failures = {.rate = Pick(20) / 100.0, .calls = 1.0 + Pick(10'000)};
      }
      if (Pick(4) == 0) option.memory.least = Bytes::MiB(static_cast<std::uint64_t>(Pick(100)));
      if (Pick(4) == 0) option.memory.most = Bytes::MiB(30 + static_cast<std::uint64_t>(Pick(70)));
      options_.push_back(std::move(option));
    }
    nodes_ = {NodeWith({}), NodeWith({})};
    for (Node& node : nodes_) {
      node.classes = {};
      node.cores = 1 + Pick(8);
      node.price = (1 + Pick(4)) / 4.0;
      if (Pick(4) == 0) node.free_memory = Bytes::MiB(static_cast<std::uint64_t>(Pick(256)));
      for (const Class each : kAll) {
        if (Pick(2) == 0) node.classes.Add(each);
      }
    }
  }

  // "  container: slo.p99_ms: 30, leave slo.qps out"
  void Take(const std::string& way) {
    const auto with = [&way](const char* field) -> std::optional<double> {
      const auto at = way.find(std::string(field) + ": ");
      if (at == way.npos) return std::nullopt;
      return std::stod(way.substr(at + std::string(field).size() + 2));
    };
    const auto give = [&](const char* field, auto& asked, auto value) {
      const auto told = with(field);
      if (told) asked = value(*told);
      if (way.find("leave " + std::string(field) + " out") != way.npos) asked.reset();
    };
    const auto ms = [](double told) {
      return std::chrono::milliseconds(static_cast<std::int64_t>(told));
    };
    const auto whole = [](double told) { return static_cast<std::uint32_t>(std::lround(told)); };
    give("slo.p99_ms", question_.slo.p99, ms);
    give("slo.cold_start_ms", question_.slo.cold_start, ms);
    give("slo.qps", question_.slo.qps, whole);
    give("slo.availability", question_.slo.availability,
         [&](double told) { return whole(told * 1e4); });
    give("budget.usd_cents", question_.budget.cents, whole);
    if (const auto mib = with("limits.memory_mib")) {
      question_.memory = Bytes::MiB(static_cast<std::uint64_t>(*mib));
    }
    const auto lower = [&way](const char* field, Level& level) {
      for (const Level each : {Level::kLow, Level::kMedium}) {
        const std::string said = std::string(field) + ": " + std::string(model::LevelName(each));
        if (way.contains(said)) level = each;
      }
    };
    lower("requires.security", question_.requires_.security);
    lower("requires.compatibility", question_.requires_.compatibility);
    lower("requires.performance", question_.requires_.performance);
    for (const Class each : kAll) {
      const std::string said = "spec.class: " + std::string(model::ClassName(each));
      if (way.ends_with(said) || way.contains(said + ",")) question_.asked = each;
    }
    if (way.contains("placement: cost")) question_.by = model::PlacementBy::kCost;
    if (way.contains("leave spec.devices out")) question_.devices = false;
  }

  std::mt19937 random_{20261127};
  Question question_;
  std::vector<Option> options_;
  std::vector<Node> nodes_;
};

TEST_F(PropertiesTest, HoldForEveryDecision) {
  int decided = 0;
  for (int i = 0; i < 20'000; ++i) {
    MakeQuestion();
    const auto placement = Choose(question_, options_, nodes_);
    ASSERT_EQ(Choose(question_, options_, nodes_).has_value(), placement.has_value());
    if (!placement) continue;
    ++decided;
    ASSERT_EQ(*Choose(question_, options_, nodes_), *placement) << "deterministic";
    const Class chosen = placement->sandbox_class;
    const model::Requires& asks = question_.requires_;
    if (asks.security == Level::kHigh || asks.compatibility == Level::kHigh) {
      ASSERT_GE(chosen, Class::kMicrovm) << "never below the floor";
    }
    ASSERT_FALSE(asks.security == Level::kMedium && chosen == Class::kContainer);
    const Option& option = options_[static_cast<std::size_t>(chosen)];
    ASSERT_TRUE(option.variant && option.lacking.empty()) << "never what cannot run";
    ASSERT_TRUE(!question_.devices || option.withheld.empty()) << "nor what lacks a device";
    ASSERT_LE(option.memory.least, question_.memory) << "nor what cannot give the memory";
    ASSERT_GE(option.memory.most, question_.memory);
    ASSERT_TRUE(nodes_[0].classes.Has(chosen) || nodes_[1].classes.Has(chosen));
    ASSERT_EQ(placement->alternatives.size(), kAll.size());
    ASSERT_EQ(placement->alternatives.front().lost, "");
    for (std::size_t n = 1; n < kAll.size(); ++n) {
      ASSERT_NE(placement->alternatives[n].lost, "") << "every loser has a reason";
    }
  }
  EXPECT_GT(decided, 2000);
}

TEST_F(PropertiesTest, WhatIsTakenKeepsWhatIsBounded) {
  for (int i = 0; i < 20'000; ++i) {
    MakeQuestion();
    const auto placement = Choose(question_, options_, nodes_);
    if (!placement || !placement->alternatives.front().estimate) continue;
    const model::Estimate& estimate = *placement->alternatives.front().estimate;
    if (question_.slo.p99) {
      ASSERT_LE(estimate.p99_ms, question_.slo.p99->count());
    }
    if (question_.slo.qps) {
      ASSERT_GE(*estimate.qps, *question_.slo.qps);
    }
    if (question_.budget.cents) {
      ASSERT_LE(estimate.cost * 100, *question_.budget.cents);
    }
    const auto& failures =
        options_[static_cast<std::size_t>(placement->sandbox_class)].figures->failures;
    if (question_.slo.availability && failures) {
      ASSERT_GE((1 - failures->Least()) * 1e6, *question_.slo.availability);
    }
  }
}

// What would be taken by what this artifact may do at best is not refused for what another one did.
TEST_F(PropertiesTest, WhatAnotherArtifactDidExcludesNothing) {
  int compared = 0;
  for (int i = 0; i < 20'000; ++i) {
    MakeQuestion();
    for (Node& node : nodes_) node.price = 1;
    if (!Choose(question_, options_, nodes_)) continue;
    ++compared;
    for (Option& option : options_) {
      if (!option.figures || Pick(2) == 0) continue;
      option.at_best = std::exchange(option.figures, FiguresOf(Pick(300), Pick(100), Pick(200)));
      option.figures->failures = {.rate = Pick(100) / 100.0, .calls = 1.0 + Pick(10'000)};
    }
    ASSERT_TRUE(Choose(question_, options_, nodes_).has_value());
  }
  EXPECT_GT(compared, 2000);
}

// A refusal that names a bound says what would do, and it does.
TEST_F(PropertiesTest, WhatIsRefusedForItsBoundsAloneIsToldAWayThatWorks) {
  int together = 0;
  for (int i = 0; i < 20'000; ++i) {
    MakeQuestion();
    if (Pick(2) == 0) question_.slo.cold_start = std::chrono::milliseconds(1 + Pick(3000));
    const auto placement = Choose(question_, options_, nodes_);
    if (placement) continue;
    const std::string& text = placement.error().message;
    if (text.find(": slo.") == text.npos && text.find(": budget.") == text.npos) continue;
    const auto lines = text.find("these would together:\n");
    ASSERT_TRUE(lines != text.npos || text.find("would do: ") != text.npos) << text;
    if (lines == text.npos) continue;
    ++together;
    std::istringstream ways(text.substr(lines));
    std::string way;
    std::getline(ways, way);
    while (std::getline(ways, way)) {
      const Question before = question_;
      Take(way);
      ASSERT_TRUE(Choose(question_, options_, nodes_).has_value()) << text << "\n" << way;
      question_ = before;
    }
  }
  EXPECT_GT(together, 100);
}

// What alone would do does, and is the least that does.
TEST_F(PropertiesTest, AMillisecondLessThanWhatWouldDoWouldNot) {
  const auto told = [](const std::string& message, const std::string& field) -> std::int64_t {
    const auto ways = message.find("any of these would do: ");
    const auto at = ways == message.npos ? ways : message.find(field + ": ", ways);
    return at == message.npos ? 0 : std::stoll(message.substr(at + field.size() + 2));
  };
  int compared = 0;
  const auto check = [&](const std::string& field,
                         std::optional<std::chrono::milliseconds> model::Slo::* asked,
                         const std::string& message) {
    const std::int64_t least = told(message, field);
    if (least == 0) return;
    ++compared;
    const Question before = question_;
    question_.slo.*asked = std::chrono::milliseconds(least);
    EXPECT_TRUE(Choose(question_, options_, nodes_).has_value()) << message;
    question_.slo.*asked = std::chrono::milliseconds(least - 1);
    EXPECT_FALSE(Choose(question_, options_, nodes_).has_value()) << message;
    question_ = before;
  };
  for (int i = 0; i < 20'000; ++i) {
    MakeQuestion();
    for (Option& option : options_) {
      if (option.figures && Pick(2) == 0) option.figures->p99_ms += Pick(8) / 8.0;
    }
    const auto refused = Choose(question_, options_, nodes_);
    if (refused) continue;
    check("slo.p99_ms", &model::Slo::p99, refused.error().message);
    check("slo.cold_start_ms", &model::Slo::cold_start, refused.error().message);
  }
  EXPECT_GT(compared, 200);
}

// Whatever its manifest decides itself, and by however many of its fields.
TEST_F(PropertiesTest, WhatAClassCouldRunIsToldAWayThatWorks) {
  int told = 0;
  for (int i = 0; i < 5'000; ++i) {
    MakeQuestion();
    const auto refused = Choose(question_, options_, nodes_);
    if (refused) continue;
    const bool possible = std::ranges::any_of(options_, [&](const Option& option) {
      const auto has = [&](const Node& node) {
        const Bytes least = std::max(option.memory.least, Bytes::MiB(1));  // that can be asked for
        const Bytes all{least.count * question_.held};
        return node.free_memory >= all && node.classes.Has(option.sandbox_class);
      };
      const bool may = option.variant && option.lacking.empty();
      return may && option.memory.least <= option.memory.most && std::ranges::any_of(nodes_, has);
    });
    const std::string& message = refused.error().message;
    const bool alone = message.contains("any of these would do: ");
    const auto together = message.find("these would together:\n");
    ASSERT_EQ(alone || together != message.npos, possible) << message;
    if (together == message.npos) continue;
    const Question asked = question_;
    std::istringstream lines(message.substr(message.find('\n', together) + 1));
    for (std::string line; std::getline(lines, line);) {
      ++told;
      question_ = asked;
      Take(line);
      ASSERT_TRUE(Choose(question_, options_, nodes_).has_value()) << line << "\nof\n" << message;
    }
  }
  EXPECT_GT(told, 100);
}

// Nor is whoever asks for less refused what was given for more.
TEST_F(PropertiesTest, AskingForLessNeverCostsMore) {
  const auto is_sure = [](const model::Placement& placement) {
    return !placement.because.contains("not known");
  };
  int compared = 0;
  int unsure = 0;
  for (int i = 0; i < 40'000; ++i) {
    MakeQuestion();
    const auto before = Choose(question_, options_, nodes_);
    if (!before || !before->alternatives.front().estimate) continue;
    Question easier = question_;
    const int what = Pick(4);
    if (what == 0 && easier.budget.cents) {
      easier.budget.cents = *easier.budget.cents + static_cast<std::uint32_t>(Pick(300));
    } else if (what == 1 && easier.slo.qps) {
      easier.slo.qps = 1 + *easier.slo.qps / 2;
    } else if (what == 2 && easier.slo.p99) {
      easier.slo.p99 = *easier.slo.p99 * 2;
    } else if (what == 3 && easier.slo.availability) {
      easier.slo.availability =
          *easier.slo.availability - static_cast<std::uint32_t>(Pick(100'000));
    } else {
      continue;
    }
    ++compared;
    const auto after = Choose(easier, options_, nodes_);
    ASSERT_TRUE(after.has_value()) << "what fitted still fits";
    const auto& now = after->alternatives.front().estimate;
    ASSERT_TRUE(now.has_value());
    ASSERT_TRUE(is_sure(*after) || !is_sure(*before)) << "what is known to keep it still is";
    // What is known to keep it goes before what is not, whatever it costs.
    if (is_sure(*after) && !is_sure(*before)) continue;
    unsure += is_sure(*after) ? 0 : 1;
    ASSERT_LE(now->cost, before->alternatives.front().estimate->cost);
    if (what == 0) {
      ASSERT_EQ(after->sandbox_class, before->sandbox_class) << "nothing dearer";
    }
  }
  EXPECT_GT(compared, 1000);
  EXPECT_GT(unsure, 100);
}

}  // namespace
}  // namespace strata::scheduler
