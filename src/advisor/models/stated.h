// advisor/models/stated.h - what a model's fact says in words: the position of a technology, an
// advice, a decision. None of it is computed.
//
//   a fact --> [ StatedSection ] --> the section "stated" of `strata model`
//
// So that nothing of a fact is lost only because no formula uses it.
//
// Threads:  pure. Errors: none. Tested by stated_test.cc.
#pragma once

#include <string_view>

#include "advisor/report/report.h"
#include "base/text/json.h"

namespace strata::advisor::models {

// Every text and every yes or no of `fact` that no other section shows, each with what it is of;
// without rows when there is none.
Section StatedSection(const Json& fact);

// Whether what `key` leads to is left out of it.
bool IsLeftOut(std::string_view key);

}  // namespace strata::advisor::models
