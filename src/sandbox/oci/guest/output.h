// sandbox/oci/guest/output.h - our ends of a guest's standard streams, and what it prints, line by
// line.
//
//   Bundle::Starting::err --Descriptor--> [ CollectLines ] --> LogLines --> LogSink
//
// Threads:  the loop's. Lifetime: descriptor and lines outlive the coroutine.
// Errors:   none: a stream that breaks has ended. Tested by output_test.cc and tests/contract.
#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "base/async/task.h"
#include "sandbox/call/log_lines.h"

namespace strata::sandbox::oci {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

// Until the guest's side has closed, or the wait is cancelled. Others of the loop have their turns
// between, however fast the guest prints.
Awaitable<void> CollectLines(Descriptor& from, LogLines& lines);

}  // namespace strata::sandbox::oci
