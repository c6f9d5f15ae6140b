// route/plan/plan.h - one configuration, ready to serve: functions, route table and what to
// observe.
//
//   cell::Configure --> PlanSpec --> Plan::Build --> RequestPath::SwitchTo
//
// A request holds the plan it began with until it ends, so no request sees half of a change and an
// old plan goes when its last request does. A function that did not change is taken over from the
// plan before, with its loaded image, its calls in flight and its service's sandboxes.
//
// Threads: one loop. Immutable after Build but for the state inside each Function.
// Tested by request_path_test.cc, request_path_hops_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "route/plan/function.h"
#include "route/plan/table.h"
#include "route/ports.h"

namespace strata::route {

struct ObserveSpec {
  bool access_log = true;  // either of the two: write a record for every call
  bool metering = true;
  double trace_ratio = 0.01;   // of requests that bring no decision of their own
  bool server_timing = false;  // answer with Server-Timing
};

struct PlanSpec {
  std::uint32_t generation = 0;
  std::vector<FunctionSpec> functions;
  std::vector<Rule> rules;
  ObserveSpec observe;
};

class Plan {
 public:
  // Makes the plan; `previous` may be null. Fails with kInvalidArgument as Table::Build does, or
  // when two functions have one name and target. On failure `previous` is untouched.
  static Result<std::shared_ptr<const Plan>> Build(PlanSpec spec, const Plan* previous,
                                                   const Ports& ports);

  [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }
  [[nodiscard]] const Table& table() const noexcept { return table_; }
  [[nodiscard]] const ObserveSpec& observe() const noexcept { return observe_; }
  [[nodiscard]] const std::vector<std::shared_ptr<Function>>& functions() const noexcept {
    return functions_;
  }

  // The index of a function by name and target, or FunctionId::kNone.
  [[nodiscard]] std::uint32_t IndexOf(std::string_view tenant, std::string_view name,
                                      std::string_view target = {}) const;

 private:
  using Name = std::tuple<std::string, std::string, std::string>;  // tenant, name, target

  std::uint32_t generation_ = 0;
  std::vector<std::shared_ptr<Function>> functions_;
  std::map<Name, std::uint32_t> index_;
  Table table_;
  ObserveSpec observe_;
};

}  // namespace strata::route
