// apps/strata/client/serving.h - how much of its traffic a workload's newest revision has, for
// tables.
//
// Threads: none; a program of one thread. Lifetime: values. Tested by
// tests/e2e/rollout_judge_test.py.
#pragma once

#include <string>

#include "base/text/json.h"

namespace strata::cli {

// "3 (serves 1)", "3 (10 %; 1: 90 %)", "3 (90 %)": a revision, and how much of the traffic it and
// others have, by the object's "serving", which in a row of `top` is of one class; "-": there is no
// such number.
std::string RevisionOf(const Json& revision, const Json& object);

}  // namespace strata::cli
