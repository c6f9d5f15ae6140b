// apps/strata/client/guest_end.h - a call whose guest ended without an answer: it hit a limit of
// its own, or failed.
//
//   Session::Ask --> [ EndOfGuest ] --> an answer to the call, not a refusal --> CallGuest
//
// Threads: pure. Errors: none. Tested by tests/e2e/verbs_test.py.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/client/client.h"

namespace strata::cli {

// What cells set on the answers of guests, and on nothing else (route/answer/answer.h).
inline constexpr std::string_view kAnsweredBy = "Strata-Answered-By";

// How it ended, in the platform's words; nothing: the response says something else, or is a
// guest's own.
std::optional<std::string> EndOfGuest(const http::ClientResponse& response);

}  // namespace strata::cli
