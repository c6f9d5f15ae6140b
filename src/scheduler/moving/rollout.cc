#include "scheduler/moving/rollout.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/complement.hpp>
#include <boost/math/distributions/hypergeometric.hpp>
#include <fmt/format.h>

namespace strata::scheduler {
namespace {

constexpr double kTests = 5;  // that share the risk of a look
constexpr std::uint64_t kFirstLook = 20;
constexpr std::uint64_t kNoticed = 1000;  // microseconds: first calls and busy machines add that

double Share(std::uint64_t part, std::uint64_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

double Ms(std::uint64_t microseconds) { return static_cast<double>(microseconds) / 1000; }

// Empty: nothing was found.
std::string TooManyErrors(const Side& stable, const Side& canary, const Criteria& criteria,
                          double risk) {
  const double rate = Share(canary.failed, canary.calls);
  if (rate > criteria.max_error_rate) {
    const double chance = BinomialAtLeast(canary.failed, canary.calls, criteria.max_error_rate);
    if (chance <= risk) {
      return fmt::format(
          "{} of {} calls failed ({:.2f} %), above the limit of {:.2f} % (binomial, p = {:.2g})",
          canary.failed, canary.calls, rate * 100, criteria.max_error_rate * 100, chance);
    }
  }
  const double chance = FisherAtLeast(canary.failed, canary.calls, stable.failed, stable.calls);
  if (chance > risk) return {};
  return fmt::format(
      "{} of {} calls failed ({:.2f} %), of the stable side {} of {} ({:.2f} %; Fisher, p = "
      "{:.2g})",
      canary.failed, canary.calls, rate * 100, stable.failed, stable.calls,
      Share(stable.failed, stable.calls) * 100, chance);
}

std::string TooManyRefused(const Side& stable, const Side& canary, const Criteria& criteria,
                           double risk) {
  const auto more = std::ceil(static_cast<double>(stable.answered()) * criteria.more_4xx);
  const std::uint64_t may =
      std::min(stable.answered(), stable.refused + static_cast<std::uint64_t>(more));
  const double chance = FisherAtLeast(canary.refused, canary.answered(), may, stable.answered());
  if (chance > risk) return {};
  return fmt::format(
      "{} of {} calls were answered with 4xx ({:.2f} %), of the stable side {} of {} ({:.2f} %; "
      "Fisher, p = {:.2g})",
      canary.refused, canary.answered(), Share(canary.refused, canary.answered()) * 100,
      stable.refused, stable.answered(), Share(stable.refused, stable.answered()) * 100, chance);
}

std::string TooOftenFull(const Side& stable, const Side& canary, const Criteria& criteria,
                         double risk) {
  if (criteria.more_full) return {};
  const double chance = FisherAtLeast(canary.full, canary.came(), stable.full, stable.came());
  if (chance > risk) return {};
  return fmt::format(
      "{} of {} calls came when it had as many as it may ({:.2f} %), of the stable side {} of {} "
      "({:.2f} %; Fisher, p = {:.2g})",
      canary.full, canary.came(), Share(canary.full, canary.came()) * 100, stable.full,
      stable.came(), Share(stable.full, stable.came()) * 100, chance);
}

std::string TooSlow(const Side& stable, const Side& canary, const Criteria& criteria, double risk) {
  if (stable.latencies.count() < criteria.min_calls) return {};  // its p99 is not known
  const std::uint64_t p99 = stable.latencies.Quantile(0.99);
  const auto more = static_cast<std::uint64_t>(static_cast<double>(p99) * criteria.slower);
  const std::uint64_t limit = p99 + std::max(more, kNoticed);
  const std::uint64_t left = canary.left.Above(limit);
  const std::uint64_t slow = canary.latencies.Above(limit) + left;
  const std::uint64_t drawn = canary.latencies.count() + left;
  const std::uint64_t stable_left = stable.left.Above(p99);
  const double chance = FisherAtLeast(slow, drawn, stable.latencies.Above(p99) + stable_left,
                                      stable.latencies.count() + stable_left);
  if (chance > risk) return {};
  return fmt::format(
      "{:.1f} % of its calls took more than {:.2f} ms{}, {:.2f} more than the stable side's p99; "
      "its own p99 is {:.2f} ms (Fisher, p = {:.2g})",
      Share(slow, drawn) * 100, Ms(limit),
      left == 0 ? "" : fmt::format(" ({} of them until their clients left)", left), Ms(limit - p99),
      Ms(canary.latencies.Quantile(0.99)), chance);
}

}  // namespace

void Side::Add(std::uint64_t microseconds, bool call_failed) {
  ++calls;
  if (call_failed) {
    ++failed;
  } else {
    latencies.Add(microseconds);
  }
}

double FisherAtLeast(std::uint64_t hits, std::uint64_t drawn, std::uint64_t other_hits,
                     std::uint64_t other_drawn) {
  const std::uint64_t marked = hits + other_hits;
  if (hits == 0 || other_drawn == 0) return 1;
  const boost::math::hypergeometric_distribution<double> by_chance(marked, drawn,
                                                                   drawn + other_drawn);
  // The least that is possible at all: more marks than the other side has calls.
  if (marked > other_drawn && hits <= marked - other_drawn) return 1;
  return boost::math::cdf(boost::math::complement(by_chance, static_cast<double>(hits - 1)));
}

double BinomialAtLeast(std::uint64_t hits, std::uint64_t drawn, double rate) {
  if (hits == 0) return 1;
  const boost::math::binomial_distribution<double> by_chance(static_cast<double>(drawn), rate);
  return boost::math::cdf(boost::math::complement(by_chance, static_cast<double>(hits - 1)));
}

double RiskOf(std::uint32_t look, double risk) noexcept {
  const double spread = std::numbers::pi * static_cast<double>(std::max(look, 1U));
  return risk * 6 / (spread * spread);
}

std::uint64_t NextLook(std::uint64_t calls) noexcept {
  return std::max(kFirstLook, calls + calls / 2);
}

Judgement Judge(const Side& stable, const Side& canary, const Criteria& criteria,
                std::uint32_t look) {
  using Verdict = Judgement::Verdict;
  const double risk = RiskOf(look, criteria.risk) / kTests;
  std::string found = TooManyErrors(stable, canary, criteria, risk);
  if (found.empty()) found = TooManyRefused(stable, canary, criteria, risk);
  if (found.empty()) found = TooOftenFull(stable, canary, criteria, risk);
  if (found.empty()) found = TooSlow(stable, canary, criteria, risk);
  if (!found.empty()) return {Verdict::kBad, std::move(found)};
  if (canary.calls < criteria.min_calls) {
    return {Verdict::kUndecided,
            fmt::format("{} of {} calls are there", canary.calls, criteria.min_calls)};
  }
  const double rate = Share(canary.failed, canary.calls);
  if (rate > criteria.max_error_rate) {
    return {Verdict::kUndecided,
            fmt::format("{} of {} calls failed, more than the limit allows; more calls will tell",
                        canary.failed, canary.calls)};
  }
  if (!criteria.alone && stable.calls < criteria.min_calls) {
    return {Verdict::kUndecided,
            fmt::format("{} of {} calls of the stable side are there, to compare with",
                        stable.calls, criteria.min_calls)};
  }
  std::string found_good = fmt::format("{} calls: {} failed, p99 {:.2f} ms", canary.calls,
                                       canary.failed, Ms(canary.latencies.Quantile(0.99)));
  if (criteria.alone) return {Verdict::kGood, found_good + "; not compared: it had all calls"};
  return {Verdict::kGood,
          found_good + fmt::format(" (stable: {} calls, {} failed, {:.2f} ms)", stable.calls,
                                   stable.failed, Ms(stable.latencies.Quantile(0.99)))};
}

}  // namespace strata::scheduler
