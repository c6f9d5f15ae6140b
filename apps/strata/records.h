// records.h - what was measured on this host, as a verb that needs no server finds it: compare,
// model, recommend and report.
//
// Reads a file, --record's or the one that the server of this home keeps; asks nobody and writes
// nothing. Threads: one; blocks for a file of 1 MiB at the most.
#pragma once

#include <string>

#include "base/result.h"
#include "client/session.h"
#include "measure/record.h"

namespace strata::cli {

// The record in `file`; "": the one that the server of this home keeps, empty when there is none.
// Of `file` kInvalidArgument: it is no record; kNotFound. The server's may be another user's, or of
// a later version: where it cannot be read that is told on standard error, and it is empty.
Result<measure::Record> LoadRecord(const Session& session, const std::string& file);

}  // namespace strata::cli
