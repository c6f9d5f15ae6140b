// model/manifest/yaml_writer.h - JSON values as YAML, for people and for any reader of version 1.1
// or 1.2.
//
// Whatever one of them takes for something else (a word for a boolean or a date, a character that
// is not printable or ends a line) is quoted or escaped. yaml-cpp's emitter is not used: it writes
// the string "128" without quotes, and control characters as they are.
//
// Threads: pure functions. Tested by yaml_writer_test.cc, manifest_test.cc and, against another
// reader, tests/advisor/output_test.py.
#pragma once

#include <string>

#include "base/text/json.h"

namespace strata::model {

// A document that ends in a newline, without a leading "---". Bytes that are no UTF-8 become
// U+FFFD.
std::string ToYaml(const Json& value);

}  // namespace strata::model
