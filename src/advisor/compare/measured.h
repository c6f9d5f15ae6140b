// advisor/compare/measured.h - claims of the matrices beside what `strata measure` found on this
// host.
//
// Threads: pure functions. Tested by compare_test.cc.
#pragma once

#include <vector>

#include "advisor/compare/subjects.h"
#include "advisor/report/report.h"
#include "scheduler/record.h"

namespace strata::advisor {

// What to say where there is nothing to show.
inline const Text kHowToMeasure{
    "Nothing of this was measured here: 'strata measure --record FILE', then --record FILE, or "
    "'strata measure' with a server.",
    "本机尚无相关测量：先运行 strata measure --record FILE，再用 --record FILE；或在有服务器时运行 "
    "strata measure。"};

// A row for each class of a subject, quantity and document that claims it; without rows when the
// record has none of the classes. The verdict says where the measured value lies in the claimed
// range; the ratio is that to the nearest bound, 1 within the range.
Section Measured(const std::vector<Subject>& subjects, const scheduler::Record& record);

}  // namespace strata::advisor
