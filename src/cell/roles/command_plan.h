// cell/roles/command_plan.h - what a cell of the command role is told, as JSON in a file that only
// it can read: an environment may hold secrets, and a command line is everybody's to see.
//
//   {"arguments": ["/app.wasm", "-v"], "environment": {"NAME": "value"}, "memory": 67108864,
//    "listeners": 0, "limits": null}
//
// Pure; total on any input. Tested by command_plan_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/values.h"

namespace strata::cell {

// Of the compiler and of every process that runs its code (compile_job.h): what a command may ask
// for at most.
inline constexpr Bytes kCommandMemory = Bytes::MiB(4096);

// Arguments and variables, each with one byte for its end, together: a guest copies them.
inline constexpr Bytes kCommandTexts = 1_MiB;
inline constexpr std::size_t kMostArguments = 4096;

// Requests at once that a component may be made for: each takes address space in advance.
inline constexpr std::uint32_t kMostRequests = 1000;

// Of a component whose plan has no limits.
inline constexpr std::uint32_t kUsualRequests = 100;

inline constexpr int kMostListeners = 2;  // one for each version of IP

struct CommandPlan {
  std::vector<std::string> arguments;  // the command's own name first
  model::Env environment;
  Bytes memory = kCommandMemory;  // linear memories together
  int listeners = 0;              // more than none: it serves HTTP on them
  // Of each request. None: what bounds the process bounds them all together.
  std::optional<model::Limits> limits;
  friend bool operator==(const CommandPlan&, const CommandPlan&) = default;
};

// How many sandboxes it takes at once.
std::uint32_t SlotsOf(const CommandPlan& plan);

std::string ToText(const CommandPlan& plan);

// kInvalidArgument: more than the above, a NUL byte in an argument or variable, or a variable
// without a name.
Result<void> CheckTexts(const std::vector<std::string>& arguments, const model::Env& environment);

// kInvalidArgument: not as above, or more of anything than there may be; or CheckTexts'.
Result<CommandPlan> ReadCommandPlan(std::string_view text);

}  // namespace strata::cell
