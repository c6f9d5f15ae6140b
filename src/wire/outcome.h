// wire/outcome.h - how success and failure are worded in messages: "" or "CODE: message".
//
//   cell, keeper: WireError --field `error` of a message--> OutcomeOf: manager
//
// The code crosses with its words, so a refusal far away is typed here, too.
//
// Threads:  pure; any. Errors: OutcomeOf gives the one that the text says. Tested by
//           wire/outcome_test.cc.
#pragma once

#include <string>
#include <variant>

#include "base/result.h"

namespace strata::wire {

std::string WireError(const Error& error);

// What WireError's text says; empty: all went well. A text without a known code is kInternal.
Result<std::monostate> OutcomeOf(const std::string& error);

}  // namespace strata::wire
