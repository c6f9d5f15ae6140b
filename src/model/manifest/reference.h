// model/manifest/reference.h - every field that a manifest may have, for a reader: what it takes,
// what holds without it, which classes have it and what it means.
//
//   schema/fields.h, schema/meanings.h --> [ FieldReference ] --> strata fields -->
//   docs/manifest.md
//
// Threads: pure. Tested by reference_test.cc, which also compares what is committed.
#pragma once

#include <string>

#include "base/text/json.h"

namespace strata::model {

// Tables in Markdown, one for each part: metadata, what kinds share, and each kind.
std::string FieldReference();

// The same: [{"part", "field", "type", "values", "default", "classes", "meaning"}].
Json FieldReferenceToJson();

}  // namespace strata::model
