// advisor/recommend/answer.h - the one class that a recommendation ends in, and how sure it is.
//
//   sources.h --> [ Decide ] --> Answer --> recommend.h
//
// The class that most trees come to, of those that the scheduler does not hold to be below what is
// asked for; of equals the one of the scheduler's rule, and where that is none of them the one that
// isolates most. Where no tree comes to one, the same of the rules, stars and scenario weights;
// where none of these does, the scheduler's rule.
//
// Threads: pure functions. Tested by answer_test.cc and recommend_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "advisor/recommend/case.h"
#include "advisor/recommend/documents/sources.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "model/values.h"

namespace strata::advisor {

// How far the sources that count bear the answer out, and how much of the case they know.
enum class Confidence : std::uint8_t {
  kNone,    // no source comes to a class
  kLow,     // one does, or no more than half of those that do agree
  kMedium,  // two or more do, and more than half of them agree
  kHigh,    // four trees or more do, and three quarters of all sources that do agree
};

struct Answer {
  model::Class sandbox_class = model::Class::kContainer;
  Text because;
  std::size_t agree = 0;  // trees that come to it
  std::size_t came = 0;   // trees that come to any class
  std::size_t sources_agree = 0;
  std::size_t sources_came = 0;  // of those that may count
  std::size_t open = 0;          // trees that want to know more
  Confidence confidence = Confidence::kNone;
};

Answer Decide(const Case& about, const std::vector<Source>& sources);

Section AnswerSection(const Answer& answer);

}  // namespace strata::advisor
