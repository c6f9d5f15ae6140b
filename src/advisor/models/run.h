// advisor/models/run.h - a model asked: its figures for the parameters that were set, the claims
// judged, which parameter matters, and how uncertain the figures are.
//
// Pure; the draws come from a seed. Below 100 ms, with 10,000 draws below 1 s. Tested by
// run_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "advisor/models/checks.h"
#include "advisor/models/model.h"
#include "advisor/numerics/chance.h"
#include "base/result.h"
#include "base/text/json.h"

namespace strata::advisor::models {

inline constexpr std::uint32_t kMostDraws = 1'000'000;
// Of a model that solves equations: how often their derivative is asked for, in all draws (a few
// seconds).
inline constexpr std::uint64_t kMostWork = 20'000'000;

struct Question {
  std::string model;
  std::vector<std::string> set;  // "NAME=VALUE"; one parameter not to two values
  std::string of;                // the output that sensitivity is of; empty: the first
  double spread = 0.1;           // how uncertain a parameter is, as a share of its value, each way
  std::uint32_t draws = 10'000;  // of the Monte Carlo; 0: none
  std::uint64_t seed = 1;
};

// What is not known of a parameter: any value from `low` to `high`, of a choice any of its levels.
struct Interval {
  double low = 0;
  double high = 0;
};

// The one output when the one parameter is at either end of its interval, all others as they are.
// Of a choice, the ends are the levels with the least and the most.
struct Swing {
  std::size_t parameter = 0;
  Interval values;
  double at_low = 0;
  double at_high = 0;
};

struct Uncertain {
  numerics::Summary summary;   // of a number
  std::vector<double> shares;  // of a choice: how often each level came
};

struct ModelRun {
  const Json* fact = nullptr;
  Model model;
  std::vector<double> values;  // of the parameters
  std::vector<bool> set;       // which of them were set
  Outputs outputs;
  std::vector<Text> remarks;  // of the values, where they call for any
  std::vector<Judged> checks;
  std::size_t of = 0;                // the output that `swings` and `histogram` are of
  std::vector<Swing> swings;         // widest first; those that change nothing are left out
  std::vector<Uncertain> uncertain;  // of each output; empty: no draws
  std::vector<double> draws;         // of output `of`, sorted, without the undefined
  Question question;
};

// kNotFound: no such model, parameter, level or output; kInvalidArgument: no such unit (each
// message names the nearest), a value out of bounds, or more draws than kMostDraws or than
// kMostWork has room for, or a parameter set to two values.
Result<ModelRun> Ask(const Question& question);

}  // namespace strata::advisor::models
