// cell/command_plan.h - what a cell of the command role is told, as JSON in a file that only it can
// read: an environment may hold secrets, and a command line is everybody's to see.
//
//   {"environment": {"NAME": "value"}, "memory": 67108864}
//
// Pure; total on any input. Tested by command_plan_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "model/values.h"

namespace strata::cell {

// Of the compiler and of every process that runs its code (compile_job.h): what a command may ask
// for at most.
inline constexpr Bytes kCommandMemory = Bytes::MiB(4096);

// The descriptors of a cell of that role (command_role.h).
inline constexpr int kCommandCodeFd = 3;
inline constexpr int kCommandBeginFd = 4;
inline constexpr int kCommandPlanFd = 5;
inline constexpr int kFirstCommandDirectoryFd = 6;

struct CommandPlan {
  model::Env environment;
  Bytes memory = kCommandMemory;  // linear memories together
  friend bool operator==(const CommandPlan&, const CommandPlan&) = default;
};

std::string ToText(const CommandPlan& plan);

// kInvalidArgument: not as above, or more memory than kCommandMemory.
Result<CommandPlan> ReadCommandPlan(std::string_view text);

}  // namespace strata::cell
