// Moving a workload's traffic to another form of it, step by step.
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/handlers/apply_request.h"
#include "api/server.h"
#include "base/text/strings.h"
#include "model/traffic/target.h"
#include "model/values.h"

namespace strata::api {
namespace {

using manager::Manager;

constexpr std::array<std::string_view, 9> kMembers = {
    "to",       "files",       "steps",       "max_error_rate", "slower",
    "more_4xx", "interval_ms", "deadline_ms", "min_calls"};
constexpr std::string_view kAuto = "auto";  // a class: the one that would be chosen now
constexpr Bytes kRequestLimit = 16_MiB;     // as an apply's

std::unexpected<Error> Wrong(const std::string& member, const char* what) {
  return Fail(Errc::kInvalidArgument, "'" + member + "' must be " + what);
}

// {"revision": 3} or {"class": "container"}; of the class "auto", which is found later: what is
// current.
Result<model::Target> TargetFrom(const Json& json) {
  if (json.is_object() && json.size() == 1) {
    if (const auto revision = json.find("revision"); revision != json.end()) {
      if (IsCount(*revision)) {
        const auto number = revision->get<double>();
        if (number >= 1 && number <= std::numeric_limits<std::uint32_t>::max()) {
          return model::Target{.revision = static_cast<std::uint32_t>(number), .sandbox_class = {}};
        }
      }
      return Wrong("to.revision", "a number from 1");
    }
    if (const auto name = json.find("class"); name != json.end() && name->is_string()) {
      if (*name == kAuto) return model::Target{};
      const auto target = model::ParseTarget(":" + name->get<std::string>());
      const auto pair = model::Class::kContainerInMicrovm;  // `within` says that
      if (target && target->sandbox_class != pair) return *target;
    }
  }
  return Wrong("to", R"({"revision": NUMBER} or {"class": "wasm", "container", "appkernel", )"
                     R"("microvm" or "auto"})");
}

Result<std::vector<std::uint32_t>> StepsFrom(const Json& json) {
  std::vector<std::uint32_t> steps;
  if (!json.is_array()) return Wrong("steps", "a list of percents");
  for (const Json& each : json) {
    if (!IsCount(each) || each.get<double>() < 0 || each.get<double>() > 100) {
      return Wrong("steps", "a list of percents");
    }
    steps.push_back(static_cast<std::uint32_t>(each.get<double>()));
  }
  return steps;
}

Result<void> ReadMember(const std::string& name, const Json& value,
                        Manager::RolloutRequest& request) {
  model::Rollout& plan = request.plan;
  if (name == "to") {
    auto target = TargetFrom(value);
    if (!target) return std::unexpected(std::move(target).error());
    plan.canary = *target;
    request.anew = plan.canary.current();
  } else if (name == "files") {
    auto files = FilesFrom(value);
    if (!files) return std::unexpected(std::move(files).error());
    request.files = *std::move(files);
  } else if (name == "steps") {
    auto steps = StepsFrom(value);
    if (!steps) return std::unexpected(std::move(steps).error());
    plan.steps = *std::move(steps);
  } else if (name == "max_error_rate" || name == "slower" || name == "more_4xx") {
    if (!value.is_number()) return Wrong(name, "a share as a number: 0.01 is 1 %");
    double& share = name == "slower"     ? plan.slower
                    : name == "more_4xx" ? plan.more_4xx
                                         : plan.max_error_rate;
    share = value.get<double>();
  } else if (name == "interval_ms" || name == "deadline_ms" || name == "min_calls") {
    constexpr double kMost = 1e9;  // 11 days; CheckRollout says what is right
    if (!IsCount(value) || value.get<double>() > kMost) {
      return Wrong(name, "a whole number from 1 to 1000000000");
    }
    const auto number = static_cast<std::uint64_t>(value.get<double>());
    if (name == "min_calls") {
      plan.min_calls = number;
    } else {
      auto& time = name == "interval_ms" ? plan.interval : plan.deadline;
      time = std::chrono::milliseconds(number);
    }
  } else {
    return Fail(Errc::kInvalidArgument, "'" + name + "' is unknown" + DidYouMean(name, kMembers));
  }
  return {};
}

Result<Manager::RolloutRequest> RequestFrom(const Json& body) {
  if (!body.is_object()) return Fail(Errc::kInvalidArgument, "the body must be an object");
  Manager::RolloutRequest request;
  for (const auto& [name, value] : body.items()) {
    if (auto read = ReadMember(name, value, request); !read) {
      return std::unexpected(std::move(read).error());
    }
  }
  if (body.contains("to") == body.contains("files")) {
    return Fail(Errc::kInvalidArgument, "the body needs 'to' or 'files', and not both");
  }
  return request;
}

Awaitable<void> Tell(Context& context, std::uint16_t status, const Result<Json>& answer) {
  if (!answer) {
    co_await ReplyError(context, answer.error());
    co_return;
  }
  co_await Reply(context, status, *answer);
}

std::optional<Manager::RolloutVerb> VerbFrom(const std::string& word) {
  if (word == "promote") return Manager::RolloutVerb::kPromote;
  if (word == "abort") return Manager::RolloutVerb::kAbort;
  if (word == "undo") return Manager::RolloutVerb::kUndo;
  return std::nullopt;
}

}  // namespace

Awaitable<void> ApiServer::StartRollout(Context& context) {
  auto body = co_await ReadJson(context, kRequestLimit);
  if (!body) co_return;
  auto request = RequestFrom(*body);
  if (!request) {
    co_await ReplyError(context, request.error());
    co_return;
  }
  request->plan.tenant = context.variables["namespace"];
  request->plan.name = context.variables["name"];
  Silent silent(context.exchange);
  const auto started = co_await manager_.StartRollout(*std::move(request), silent);
  co_await Tell(context, 201, started);
}

Awaitable<void> ApiServer::GetRollout(Context& context) {
  const auto found = manager_.GetRollout(context.variables["namespace"], context.variables["name"]);
  co_await Tell(context, 200, found);
}

Awaitable<void> ApiServer::EndRollout(Context& context) {
  const auto verb = VerbFrom(context.variables["verb"]);
  if (!verb) {
    const Error unknown{Errc::kNotFound, "a rollout has promote, abort and undo"};
    co_await ReplyError(context, unknown);
    co_return;
  }
  const auto done = co_await manager_.EndRollout(context.variables["namespace"],
                                                 context.variables["name"], *verb);
  co_await Tell(context, 200, done);
}

}  // namespace strata::api
