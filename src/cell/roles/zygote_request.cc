#include "cell/roles/zygote_request.h"

#include <limits>
#include <utility>

#include "base/text/json.h"
#include "cell/roles/command_plan.h"

namespace strata::cell {
namespace {

constexpr std::size_t kMostDescriptors = 250;

std::unexpected<Error> Bad() { return Fail(Errc::kInvalidArgument, "no request of a zygote"); }

Result<std::uint64_t> NumberOf(const Json& json, const char* name, std::uint64_t most) {
  const auto at = json.find(name);
  if (at == json.end() || !at->is_number_unsigned()) return Bad();
  const auto number = at->get<std::uint64_t>();
  if (number > most) return Bad();
  return number;
}

}  // namespace

std::string ToText(const ZygoteRequest& request) {
  Json volumes = Json::array();
  for (const GivenVolume& volume : request.volumes) volumes.push_back(ToText(volume));
  return DumpJson({{"module", request.module},
                   {"slots", request.slots},
                   {"listeners", request.listeners},
                   {"volumes", std::move(volumes)}});
}

Result<ZygoteRequest> ReadZygoteRequest(std::string_view text) {
  const auto json = ParseJson(text, kZygotePacket);
  if (!json) return std::unexpected(json.error());
  if (!json->is_object()) return Bad();
  const auto slots = NumberOf(*json, "slots", kMostRequests);
  const auto listeners = NumberOf(*json, "listeners", kMostListeners);
  const auto module = json->find("module");
  const auto volumes = json->find("volumes");
  if (!slots || *slots == 0 || !listeners || module == json->end() || !module->is_string() ||
      volumes == json->end() || !volumes->is_array()) {
    return Bad();
  }
  ZygoteRequest request{.module = module->get<std::string>(),
                        .slots = static_cast<std::uint32_t>(*slots),
                        .listeners = *listeners,
                        .volumes = {}};
  for (const Json& each : *volumes) {
    if (!each.is_string()) return Bad();
    auto volume = ReadVolume(each.get<std::string>());
    if (!volume) return std::unexpected(std::move(volume).error());
    volume->fd = -1;
    request.volumes.push_back(std::move(*volume));
  }
  if (request.descriptors() > kMostDescriptors) return Bad();
  return request;
}

std::string ToText(const Result<pid_t>& answer) {
  if (answer) return DumpJson({{"pid", *answer}});
  return DumpJson({{"code", ErrcName(answer.error().code)}, {"message", answer.error().message}});
}

Result<pid_t> ReadZygoteAnswer(std::string_view text) {
  const auto json = ParseJson(text, kZygotePacket);
  if (!json) return std::unexpected(json.error());
  if (!json->is_object()) return Bad();
  const auto message = json->find("message");
  if (message != json->end() && message->is_string()) {
    const auto code = json->find("code");
    const bool named = code != json->end() && code->is_string();
    return Fail(named ? ErrcFromName(code->get<std::string>()) : Errc::kInternal,
                message->get<std::string>());
  }
  const auto pid = NumberOf(*json, "pid", std::numeric_limits<pid_t>::max());
  if (!pid || *pid == 0) return Bad();
  return static_cast<pid_t>(*pid);
}

}  // namespace strata::cell
