#include "cell/roles/command_plan.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text/json.h"
#include "wire/message.h"

namespace strata::cell {
namespace {

std::unexpected<Error> Bad() { return Fail(Errc::kInvalidArgument, "no plan of a command"); }

bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Result<std::vector<std::string>> ReadArguments(const Json& list) {
  if (!list.is_array()) return Bad();
  std::vector<std::string> arguments;
  for (const Json& each : list) {
    if (!each.is_string()) return Bad();
    arguments.push_back(each.get<std::string>());
  }
  return arguments;
}

Result<model::Env> ReadEnvironment(const Json& object) {
  if (!object.is_object()) return Bad();
  model::Env environment;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_string()) return Bad();
    environment[name] = value.get<std::string>();
  }
  return environment;
}

// Null: none.
Result<std::optional<model::Limits>> ReadLimits(const Json& value) {
  if (value.is_null()) return std::nullopt;
  wire::MessageReader reader("limits");
  model::Limits limits;
  reader.ReadObject(value, limits);
  if (!reader.problem().empty() || limits.concurrency > kMostRequests) return Bad();
  return limits;
}

}  // namespace

std::uint32_t SlotsOf(const CommandPlan& plan) {
  if (plan.listeners == 0) return 1;
  return plan.limits ? plan.limits->concurrency : kUsualRequests;
}

std::string ToText(const CommandPlan& plan) {
  return DumpJson({{"arguments", plan.arguments},
                   {"environment", plan.environment},
                   {"memory", plan.memory.count},
                   {"listeners", plan.listeners},
                   {"limits", wire::Write(plan.limits)}});
}

Result<void> CheckTexts(const std::vector<std::string>& arguments, const model::Env& environment) {
  if (arguments.size() > kMostArguments) {
    return Fail(Errc::kInvalidArgument,
                "a command takes " + std::to_string(kMostArguments) + " arguments at most");
  }
  std::size_t bytes = 0;
  for (const std::string& argument : arguments) {
    if (HasNul(argument)) return Fail(Errc::kInvalidArgument, "an argument has a NUL byte in it");
    bytes += argument.size() + 1;
  }
  for (const auto& [name, value] : environment) {
    if (name.empty()) return Fail(Errc::kInvalidArgument, "a variable has no name");
    if (HasNul(name) || HasNul(value)) {
      return Fail(Errc::kInvalidArgument, "a variable has a NUL byte in it");
    }
    bytes += name.size() + value.size() + 2;
  }
  if (bytes <= kCommandTexts.count) return {};
  return Fail(Errc::kInvalidArgument, "a command's arguments and variables are " +
                                          std::to_string(kCommandTexts.count) +
                                          " bytes at most, and these are " + std::to_string(bytes));
}

Result<CommandPlan> ReadCommandPlan(std::string_view text) {
  const auto json = ParseJson(text);
  if (!json) return std::unexpected(json.error());
  constexpr std::array kFields = {"arguments", "environment", "memory", "listeners", "limits"};
  if (!json->is_object() || json->size() != kFields.size() ||
      !std::ranges::all_of(kFields, [&](const char* field) { return json->contains(field); })) {
    return Bad();
  }
  auto arguments = ReadArguments((*json)["arguments"]);
  if (!arguments) return std::unexpected(std::move(arguments).error());
  auto environment = ReadEnvironment((*json)["environment"]);
  if (!environment) return std::unexpected(std::move(environment).error());
  if (auto good = CheckTexts(*arguments, *environment); !good) {
    return std::unexpected(std::move(good).error());
  }
  const Json& memory = (*json)["memory"];
  const Json& listeners = (*json)["listeners"];
  if (!memory.is_number_unsigned() || !listeners.is_number_unsigned() ||
      listeners.get<std::uint64_t>() > kMostListeners) {
    return Bad();
  }
  const auto limits = ReadLimits((*json)["limits"]);
  if (!limits) return std::unexpected(limits.error());
  CommandPlan plan{.arguments = std::move(*arguments),
                   .environment = std::move(*environment),
                   .memory = Bytes{memory.get<std::uint64_t>()},
                   .listeners = listeners.get<int>(),
                   .limits = *limits};
  if (plan.memory > kCommandMemory) return Bad();
  return plan;
}

}  // namespace strata::cell
