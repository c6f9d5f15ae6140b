// sandbox/fake/config.h - what a FakeDriver is built with: the bounds that tests of refusals set.
//
// The same in every driver: a Config of limits, filled by the program that runs the class, copied
// by the driver and not changed after.
//
// Threads:  a value. Errors: none: what a Spec asks for beyond it is refused by Image::Create.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "model/values.h"

namespace strata::sandbox::fake {

struct Config {
  std::uint32_t max_sandboxes = 1000;
  Bytes max_memory = Bytes::MiB(1024);  // a Spec that asks for more is kUnsupported
  std::uint32_t max_table_elements = model::kMostTableElements;  // likewise
};

}  // namespace strata::sandbox::fake
