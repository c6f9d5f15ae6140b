// advisor/models/words.h - what each parameter of a model is, in both languages: in our words,
// where what its fact calls it does not say enough alone, else as its fact calls it.
//
//   Parameter (name, what the fact calls it) --> [ DescribeParameter ] --> report.cc, settings.cc
//
// Threads:  pure. Errors: none: what has no words is empty, which words_test.cc finds.
#pragma once

#include "advisor/models/model.h"
#include "advisor/report/text.h"
#include "base/text/json.h"

namespace strata::advisor::models {

// What `parameter`, of the model of `fact`, is.
Text DescribeParameter(const Json& fact, const Parameter& parameter);

}  // namespace strata::advisor::models
