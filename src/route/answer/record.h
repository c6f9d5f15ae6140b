// route/answer/record.h - what the record of a call says of its stages and of its guest.
//
//   Stages, Exit --> [ RecordOf ] --> meter::CallRecord
//
// A sandbox that a keeper makes is made within the call: what that lasted longer than the guest's
// own time there is the line that it stood in. A call that no guest ran for was in line all along.
//
// Pure. Tested by record_test.cc.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "meter/call_record.h"
#include "model/values.h"

namespace strata::route {

struct Stages {
  TimePoint start;    // the head is here
  TimePoint created;  // the sandbox is being made from here on
  TimePoint ready;    // the guest runs from here on
  TimePoint ended;
};

// `exit`: none: no guest ran. `sandbox_class`: of the sandbox that it had or was to have.
meter::CallRecord RecordOf(const Stages& stages, const std::optional<model::Exit>& exit,
                           std::string_view sandbox_class);

}  // namespace strata::route
