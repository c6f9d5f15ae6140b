// sandbox/agent_gate.h - how a program waits for its call in a sandbox that was made before it:
// strata-agent stands in the program's place until it is told that call's variables.
//
//   runtime starts `/.strata-agent gate PROGRAM...` --'+'--> standard output: it waits
//   GateMessage --> its standard input; then it becomes the program, which reads what follows
//
// It is confined as the program is, and has found it: one that is not there ends it at once.
//
// Threads:  pure. Errors: none; the message is our own. Tested by tests/contract.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/values.h"

namespace strata::sandbox {

// What it says when it waits.
inline constexpr char kAtGate = '+';

// The message: a length, least byte first, and that many bytes: variables, a zero byte after each.
inline constexpr std::size_t kGateLength = 4;
inline constexpr std::uint32_t kLongestGateMessage = 2U << 20;

// `args` behind the gate.
std::vector<std::string> BehindGate(const std::vector<std::string>& args);

// Lets the program begin with `env` over its variables.
std::string GateMessage(const model::Env& env);

}  // namespace strata::sandbox
