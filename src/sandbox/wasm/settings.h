// sandbox/wasm/settings.h - the part of a Spec that a sandbox needs after it was made.
//
// The rest (variables, directories) is in the instance by then. Borrowed by each of its calls.
//
// Threads:  a value. Lifetime: what `effects` points to outlives the sandbox, as driver.h says.
#pragma once

#include <string>
#include <vector>

#include "model/values.h"
#include "sandbox/driver.h"

namespace strata::sandbox::wasm {

struct Settings {
  std::string id;
  model::Limits limits;
  std::vector<model::HttpGrant> http;
  Effects effects;
};

}  // namespace strata::sandbox::wasm
