// sandbox/spec_check.h - what every driver refuses in a Spec before it makes anything.
//
//   Image::Create, keeper's Admit --> [ these ] --> a typed refusal, or the driver's own checks
//
// Only what classes have in common; a limit that one class alone cannot enforce is its image's to
// refuse. The manifest's rules (model/rules.h) come before; these hold also for who comes past the
// manager.
//
// Threads:  any; CheckDirectory asks the file system. Errors: as each says, with the field.
// Tested by spec_check_test.cc.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/memory_bounds.h"
#include "model/values.h"

namespace strata::sandbox {

// An id names cgroups, directories and log files: [a-z0-9-]{1,64}. Fails with kInvalidArgument.
Result<void> CheckId(std::string_view id);

// Of a class that runs programs ("a container"): memory within bounds, and no tables. kUnsupported.
Result<void> CheckProgramLimits(const model::Limits& limits, const model::MemoryBounds& memory,
                                std::string_view what);

// Of a class that runs programs: `dir` lies where nothing of the class's own is, and what it shows
// is there. kInvalidArgument, kUnsupported, kNotFound.
Result<void> CheckDirectory(const model::DirGrant& dir);

// Whether a sandbox with `grants` may wait for its call: not with a named volume, which it would
// keep from others, or keep in use. kUnsupported.
Result<void> CheckWaiting(const model::Grants& grants);

}  // namespace strata::sandbox
