#include "sandbox/fake/script.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text/json.h"

namespace strata::sandbox::fake {
namespace {

struct NamedAction {
  std::string_view name;
  Action action;
};
constexpr std::array<NamedAction, 13> kActions{{{"hello", Action::kHello},
                                                {"answer", Action::kAnswer},
                                                {"echo", Action::kEcho},
                                                {"large", Action::kLarge},
                                                {"count", Action::kCount},
                                                {"log", Action::kLog},
                                                {"spin", Action::kSpin},
                                                {"trap", Action::kTrap},
                                                {"lose", Action::kLose},
                                                {"memory", Action::kMemory},
                                                {"table", Action::kTable},
                                                {"exit", Action::kExit},
                                                {"environment", Action::kEnvironment}}};

// Throws Json::exception when a field has the wrong type.
Result<void> SetField(Script& script, const std::string& name, const Json& value) {
  if (name == "do") {
    const auto wanted = value.get<std::string>();
    const auto* found = std::ranges::find(kActions, wanted, &NamedAction::name);
    if (found == kActions.end()) {
      return Fail(Errc::kInvalidArgument, "unknown action '" + wanted + "'");
    }
    script.action = found->action;
  } else if (name == "status") {
    script.status = value.get<int>();
    script.head.status = value.get<std::uint16_t>();
  } else if (name == "body" || name == "text") {
    script.body = value.get<std::string>();
  } else if (name == "headers") {
    for (const auto& [field, text] : value.items()) {
      script.head.headers.emplace_back(field, text.get<std::string>());
    }
  } else if (name == "bytes") {
    script.bytes = value.get<std::size_t>();
  } else if (name == "times") {
    script.times = value.get<std::size_t>();
  } else if (name == "delay_ms") {
    script.delay = std::chrono::milliseconds(value.get<int>());
  } else {
    return Fail(Errc::kInvalidArgument, "unknown field '" + name + "'");
  }
  return {};
}

}  // namespace

Result<Script> ParseScript(std::string_view text) {
  auto json = ParseJson(text);
  if (!json) return Wrap(std::move(json).error(), "script");
  if (!json->is_object() || !json->contains("do")) {
    return Fail(Errc::kInvalidArgument, R"(script: expected {"do": ...})");
  }
  Script script;
  try {
    for (const auto& [name, value] : json->items()) {
      if (auto set = SetField(script, name, value); !set) {
        return Wrap(std::move(set).error(), "script");
      }
    }
  } catch (const Json::exception& error) {
    return Fail(Errc::kInvalidArgument, std::string("script: ") + error.what());
  }
  return script;
}

}  // namespace strata::sandbox::fake
