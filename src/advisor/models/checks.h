// advisor/models/checks.h - the documents' claims held against what a model computes.
//
//   a fact's "checks", Outputs of a run --> [ JudgeChecks ] --> "checks" of `strata model`
//
// A claim agrees when the figure, rounded as the claim is, is the claim: no tolerance of our own.
//
// Threads:  pure. Errors: none; a claim that is no number is judged as its fact says. Tested by
//           checks_test.cc, and for every check of the facts by models_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "advisor/models/model.h"
#include "base/text/json.h"

namespace strata::advisor::models {

enum class Verdict : std::uint8_t {
  kAgrees,
  kDisagrees,
  kNotComputable,  // the documents do not give the inputs
};

// One check of a fact, judged.
struct Judged {
  const Json* check;  // the fact's
  Verdict verdict;
  bool computed;                   // here and now; else the verdict is the fact's
  std::vector<Output> recomputed;  // the figures; empty: the fact's text says it
};

// Every check of `fact`, in its order. What the documents give no inputs for stays not computable,
// whatever was assumed; the figures then are those of the assumptions.
std::vector<Judged> JudgeChecks(const Json& fact, const Model& model, const Outputs& outputs);

// The numbers of a claim: of a number, a list, a map (in the order of its keys), "+25%". Nothing:
// it is a sentence.
std::optional<std::vector<double>> ClaimedNumbers(const Json& claim);

// `value`, rounded to as many digits as `claim` has, is `claim`. Zeros that end a whole number of
// 10,000 and more are no digits of it.
bool RoundsTo(double value, double claim);

}  // namespace strata::advisor::models
