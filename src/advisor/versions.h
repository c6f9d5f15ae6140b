// advisor/versions.h - `strata versions`: the technology versions of the documents beside what is
// installed here, what is stated of them beside what was tried, and the figures that they say have
// changed.
//
// Threads: pure functions. Tested by versions_test.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/features.h"
#include "advisor/report/report.h"
#include "base/text/json.h"

namespace strata::advisor {

// Version numbers in a program's answer: "runc version 1.1.5+ds1" is {1, 1, 5}; a date as gVisor
// has it, "release-20221219.0" or "0.0~20221219", is {2022, 12, 19, 0}. Empty: there is none.
std::vector<int> ReadVersion(std::string_view text);

struct Change {
  double value = 0;
  std::string_view unit;
};

// How the figure, an entry of the facts' `empirical`, has changed: in percent of what it was; where
// the document says so (`change_in`), in percentage points.
Change ChangeOf(const Json& figure, double before, double after);

// What is here of what the documents speak of.
struct FoundHere {
  // What each technology (as the facts call it) says of itself; of eBPF it is the kernel's release.
  // What is not installed is not there.
  std::map<std::string, std::string> versions;
  std::vector<Tried> features;  // of StatedFeatures, in their order; empty: none was tried
};

Report Versions(const FoundHere& here);

}  // namespace strata::advisor
