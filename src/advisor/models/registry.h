// advisor/models/registry.h - every model, found by the id of its fact. One entry a model, in the
// file of its group.
//
//   facts/models.yaml --FindModel--> fact --MakeModel--> Model (model.h) --> run.h
//
// A new model: a fact, a function in the file of its group, an entry there.
//
// Threads:  pure, thread-safe. Lifetime: facts live as long as the program. Errors: kNotFound of
//           FindModel; a fact without an entry is a bug, which models_test.cc finds.
#pragma once

#include <span>
#include <string_view>

#include "advisor/models/model.h"
#include "base/result.h"
#include "base/text/json.h"

namespace strata::advisor::models {

struct Entry {
  std::string_view id;
  // Makes everything but the id. `fact`: the entry of models.yaml that has it.
  Model (*make)(const Json& fact);
};

// The groups, by what they speak of.
std::span<const Entry> Economics();     // money: what is spent, and what it brings
std::span<const Entry> Dynamics();      // shares that grow over the years, each by itself
std::span<const Entry> Evolution();     // the technologies against each other
std::span<const Entry> Scores();        // figures of merit, and choices by them
std::span<const Entry> Capacity();      // how much fits, how much is done
std::span<const Entry> Contracts();     // start-up times, isolation, and what is promised of them
std::span<const Entry> Architecture();  // structures, roadmap, and what follows from definitions
std::span<const Entry> Figures();       // figures of the documents beside each other

// The facts of all models, in their order.
const Json& ModelFacts();

// The one of the model that is called so, by its id or its name in either language. kNotFound, with
// the nearest.
Result<const Json*> FindModel(std::string_view name);

Model MakeModel(const Json& fact);

}  // namespace strata::advisor::models
