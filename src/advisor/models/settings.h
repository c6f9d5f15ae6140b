// advisor/models/settings.h - parameters set by a person: "NAME=VALUE", the value a number with or
// without a unit, or a level.
//
//   strata model --set --> [ Set ] --> Inputs --> a run (run.h)
//
// Threads:  pure. Errors: as stated, before anything is changed. Tested by settings_test.cc.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "advisor/models/model.h"
#include "base/result.h"

namespace strata::advisor::models {

// Sets what `setting` says in `inputs`, which are of `parameters`; returns which parameter that is.
// kNotFound: there is no such parameter or level (the message names the nearest). kInvalidArgument:
// no such unit (the same), or the value is none or out of bounds. A failure changes nothing.
Result<std::size_t> Set(std::string_view setting, const std::vector<Parameter>& parameters,
                        Inputs& inputs);

}  // namespace strata::advisor::models
