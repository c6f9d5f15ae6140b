#include "sandbox/agent_gate.h"

#include "sandbox/agent_dial.h"

namespace strata::sandbox {

std::vector<std::string> BehindGate(const std::vector<std::string>& args) {
  std::vector<std::string> words = {kAgentInside, "gate"};
  words.insert(words.end(), args.begin(), args.end());
  return words;
}

std::string GateMessage(const model::Env& env) {
  std::string variables;
  for (const auto& [name, value] : env)
    variables.append(name).append("=").append(value).push_back(0);
  std::string message;
  for (std::size_t i = 0; i < kGateLength; ++i) {
    message.push_back(static_cast<char>(variables.size() >> (8 * i)));
  }
  return message + variables;
}

}  // namespace strata::sandbox
