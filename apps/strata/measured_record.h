// measured_record.h - the records that `strata measure` writes and reads: where it ran, with what.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "measure/record.h"
#include "session.h"

namespace strata::cli {

// Now and here: time, host, versions of the runtimes that are installed and of the server. Rows are
// not in it yet.
Result<measure::Record> DescribeHost(Session& session);

// Of a file that --record wrote. The message of an error names the file.
Result<measure::Record> ReadRecordFile(const std::filesystem::path& file);

}  // namespace strata::cli
