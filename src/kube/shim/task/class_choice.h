// kube/shim/task/class_choice.h - in which sandbox class a container runs: the scheduler's rules
// (scheduler/placing/strategy.h) over what its handler, its annotations and its program say
// (docs/decisions/0023-classes-under-one-runtime.md).
//
//   options, config.json --Read--> [ ClassChoice ] --Choose--> model::Placement --> Container
//                                         '---Exclude---------- it cannot be made here
//
//   options: class = "wasm"               that class: a promise of whoever runs the node
//   annotation strata.dev/class           that class
//   strata.dev/security, /compatibility, /performance: low, medium, high
//                                         what a manifest's `requires` says
//   program /app.wasm                     has a variant for class wasm, any other for the rest
//
// What nothing is asked of is a container, or wasm by its program. A class that is named is held to
// what is asked all the same. Nothing is measured on a node, so no cost is known: of what the rules
// leave, the scheduler's order decides.
//
// Pure. Tested by class_choice_test.cc.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/text/json.h"
#include "kube/shim/options.h"
#include "model/placement.h"
#include "model/values.h"
#include "scheduler/placing/strategy.h"

namespace strata::kube::shim {

class ClassChoice {
 public:
  // `config`: the container's config.json. kInvalidArgument: an annotation that begins like ours
  // and is none, or says what none may say; kPermissionDenied: one that contradicts the options.
  static Result<ClassChoice> Read(const RuntimeOptions& options, const Json& config);

  // kFailedPrecondition: no class fits; the message says of each why not, and what would do.
  [[nodiscard]] Result<model::Placement> Choose() const;

  // That class cannot have this container here.
  void Exclude(model::Class sandbox_class, std::string why);

  // Whether a class is named: no other comes into question.
  [[nodiscard]] bool named() const noexcept { return question_.asked.has_value(); }

 private:
  ClassChoice() = default;

  scheduler::Question question_;
  std::vector<scheduler::Option> options_;
};

}  // namespace strata::kube::shim
