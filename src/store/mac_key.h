// store/mac_key.h - the instance's secret for authenticating compiled code on disk.
//
// It lies in its own file, readable by the owner only and never in the database, so that a copy of
// the database (a backup, a bug report) gives nobody the power to forge code.
//
// Threads: one at a time for one directory. Tested by store/mac_key_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "base/random.h"
#include "base/result.h"

namespace strata::store {

using MacKey = std::array<std::byte, 32>;

// Reads `directory`/mac.key, or makes it (random, mode 0600, durable) when there is none.
// kFailedPrecondition: it is not a regular file of ours, others may read it, or it has the wrong
// size; nothing is changed, and the message says what to do.
Result<MacKey> LoadOrCreateMacKey(const std::string& directory, Random& random);

}  // namespace strata::store
