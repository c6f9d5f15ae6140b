// scheduler/moving/rollout.h - canary analysis: tests whether a new form of a workload does as well
// as the one that it is to replace.
//
//   calls of both sides, at the same time --> [ Judge ] --> good, bad or undecided, with the reason
//
// The new side is bad when one of these is shown, by one-sided tests:
//   errors   its error rate is above the limit (exact binomial), or above the stable side's
//            (Fisher's exact test)
//   p99      more of its calls are slower than the stable side's p99, with a tolerance, than of the
//            stable side's own (Fisher's exact test). Shares above a quantile are compared and not
//            the two quantiles: a p99 of a hundred calls is one call, and has no distribution that
//            could be assumed. A call whose client left after that time is one that took longer;
//            one whose client left before says nothing (it is censored on the right).
//   4xx      more of its answers are 4xx than of the stable side's (Fisher's exact test): both are
//            asked by the same clients, so one that refuses more of them has lost something
//   full     more of its calls than of the stable side's found as many there as may be (Fisher's
//            exact test): it may have fewer at once, or keeps them for longer
// Fisher: "The Design of Experiments", 1935. Exact, so small counts need no rule of thumb.
//
// Looking often would find a difference by chance some time. So the risk of one look shrinks with
// its number i as 6 / (pi i)^2, whose sum over all looks is 1, and the five tests of a look share
// it: together they stay below Criteria::risk by the union bound, whatever the looks have to do
// with each other (Bonferroni; an alpha-spending function as in Lan and DeMets, Biometrika 1983).
// NextLook spaces the looks so that there are few of them.
//
// Pure. Tested by rollout_test.cc against known values.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/learning/log_histogram.h"

namespace strata::scheduler {

using Latencies = LogHistogram<5>;  // how long calls took, us

// Calls of one side in one step.
struct Side {
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;   // through no fault of the client
  std::uint64_t refused = 0;  // beside `calls`: they were answered with 4xx
  std::uint64_t full = 0;     // beside `calls`: as many as may were there already
  Latencies latencies;        // of calls that did not fail
  Latencies left;             // beside `calls`: how long clients waited that left before an answer

  void Add(std::uint64_t microseconds, bool call_failed);
  void AddRefused() { ++refused; }
  void AddFull() { ++full; }
  void AddLeft(std::uint64_t microseconds) { left.Add(microseconds); }
  [[nodiscard]] std::uint64_t answered() const noexcept { return calls + refused; }
  [[nodiscard]] std::uint64_t came() const noexcept { return answered() + full + left.count(); }
};

struct Criteria {
  double max_error_rate = 0.01;  // of the new side, from 0 to 1
  double slower = 0.10;          // that the new side's p99 may be, as a share of the stable one's;
                                 // a millisecond in any case
  double more_4xx = 0;           // that it may answer, as a share of what it is asked
  bool more_full = false;  // it may find itself full more often: it has more of the calls to serve
  std::uint64_t min_calls = 100;  // of each side, before a step can be good
  bool alone = false;             // the stable side gets no calls: there is nothing to compare with
  double risk = 0.05;             // that a side is called bad which is as good, over all looks
};

struct Judgement {
  enum class Verdict : std::uint8_t { kUndecided, kGood, kBad };
  Verdict verdict = Verdict::kUndecided;
  std::string because;  // one sentence
};

// `look`: this one's number in the whole rollout, from 1. kGood: enough calls of both sides, none
// of the tests found anything, and the errors seen are within the limit; it says so where the sides
// could not be compared.
Judgement Judge(const Side& stable, const Side& canary, const Criteria& criteria,
                std::uint32_t look);

// The calls that came to the new side from which the next look is worth it: half as many again.
std::uint64_t NextLook(std::uint64_t calls) noexcept;

// The risk that look number `look` may take of `risk` for all.
double RiskOf(std::uint32_t look, double risk) noexcept;

// The chance of at least `hits` of `drawn`, were the marks spread over both sides by chance:
// Fisher's exact test, one-sided. `hits` <= `drawn`.
double FisherAtLeast(std::uint64_t hits, std::uint64_t drawn, std::uint64_t other_hits,
                     std::uint64_t other_drawn);

// The chance of at least `hits` of `drawn` at that rate. `hits` <= `drawn`.
double BinomialAtLeast(std::uint64_t hits, std::uint64_t drawn, double rate);

}  // namespace strata::scheduler
