// sandbox/fake/config.h - what a FakeDriver is built with.
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
