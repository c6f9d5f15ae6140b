// manager/artifacts/pull_failure.h - what the last words of a copy that failed mean to whoever
// asked for the image.
//
//   Puller, when skopeo has failed --> [ PullFailure ] --> Error: what is wrong, what to do, and
//                                                          the words themselves behind that
//
// skopeo tells its failures apart by text alone: it exits with 1 for all of them. What is not known
// here stays a copy that failed, with its words.
//
// Threads:  pure. Errors: none; the result is one. Tested by manager/artifacts/pull_failure_test.cc
//           and, with the real words, by tests/e2e/registry_test.py.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace strata::manager {

enum class PulledFrom : std::uint8_t { kRegistry, kArchive };

// `reference`: what was asked for; `words`: all that skopeo has said, or how it ended.
//
//   registry   kNotFound: no such image or tag; kPermissionDenied: credentials are asked for, or
//              refused; kFailedPrecondition: TLS as we ask for it is not to be had there;
//              kUnsupported: not for linux/amd64; kUnavailable: it does not answer, and whatever
//              else
//   archive    kInvalidArgument, whatever it is
//   both       kResourceExhausted: no space is left, or the registry limits us
Error PullFailure(PulledFrom from, std::string_view reference, std::string_view words);

}  // namespace strata::manager
