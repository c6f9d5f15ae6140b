// base/ids.h - names that the platform makes for its objects.
//
// NewId is for what is known by it for ever (a resource's uid, an addressable sandbox), NewShortId
// for what people type. Neither is a secret. IsValidId is asked before an id from elsewhere becomes
// part of a path.
//
// Threads:  as far as the Random and Clock given are thread-safe. Errors: none.
// Tested by base/ids_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace strata {

// A unique id: 26 characters of lower-case base32 (0-9 a-z without i l o u). The first ten are the
// wall clock's milliseconds, the rest 80 random bits, so ids sort by the time they were made in.
std::string NewId(const Clock& clock, Random& random);

// A short id for people: `length` characters of the same alphabet, the first one a letter. Not
// unique by itself: who needs that checks and asks again.
std::string NewShortId(Random& random, std::size_t length = 8);

// True for [a-z0-9-]{1,64} that neither starts nor ends with '-': safe as a file, cgroup and host
// name and in a URL.
[[nodiscard]] bool IsValidId(std::string_view id) noexcept;

}  // namespace strata
