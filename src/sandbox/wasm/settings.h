// sandbox/wasm/settings.h - the part of a Spec that a sandbox needs after it was made.
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
