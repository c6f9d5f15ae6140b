// measured_record.h - the records that `strata measure` writes and reads: where it ran, with what.
//
//   DescribeHost --> measure::Run fills in rows --> --record FILE, PUT /v1/measurements
//   --compare FILE --> ReadRecordFile;   records.h, for verbs that need no server
//
// Threads:  one. DescribeHost asks the server and runs the runtimes with --version, two seconds
//           each at the most; one that does not answer is left out.
// Errors:   as each says. Tested by tests/e2e/measure_test.py.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "client/session.h"
#include "measure/record.h"

namespace strata::cli {

// Now and here: time, host, versions of the runtimes that are installed and of the server. Rows are
// not in it yet. Errors: those of Session::AskJson.
Result<measure::Record> DescribeHost(Session& session);

// Of a file that --record wrote. kInvalidArgument: it is no record; else ReadFile's codes. The
// message names the file.
Result<measure::Record> ReadRecordFile(const std::filesystem::path& file);

}  // namespace strata::cli
