#include "kube/controller/scale/activators.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/async/pause.h"
#include "http/client/client.h"
#include "kube/activation.h"

namespace strata::kube::controller {
namespace {

constexpr std::chrono::milliseconds kBetween{50};  // two questions, where the first was answered
constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{2'000};
constexpr std::chrono::seconds kConnect{1};
constexpr std::chrono::seconds kAnswer{3};  // it says something every second
constexpr Bytes kMostReport = 8_MiB;

// Those in a slice, of which only the ready ones where that is asked.
std::vector<std::string> AddressesIn(const Json& slice, bool only_ready) {
  std::vector<std::string> found;
  const Json none = Json::array();
  for (const Json& endpoint : slice.value("endpoints", none)) {
    const Json addresses = endpoint.value("addresses", none);
    const bool ready = endpoint.value("/conditions/ready"_json_pointer, true);
    if (!addresses.empty() && (ready || !only_ready)) {
      found.push_back(addresses.front().get<std::string>());
    }
  }
  return found;
}

}  // namespace

Activators::Activators(Loop& loop, ApiClient& client, Settings settings, telemetry::Logger log,
                       OnReport on_report, std::function<void()> on_change)
    : loop_(loop),
      settings_(std::move(settings)),
      log_(log),
      on_report_(std::move(on_report)),
      on_change_(std::move(on_change)),
      mirror_(loop, client,
              "/apis/discovery.k8s.io/v1/namespaces/" + settings_.space +
                  "/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D" +
                  std::string(kActivatorName),
              log, [this](const Json&) { Changed(); }) {}

std::vector<std::string> Activators::ready() const {
  std::vector<std::string> v4;
  std::vector<std::string> v6;
  for (const auto& [key, slice] : mirror_.objects()) {
    auto& family = slice.value("addressType", "") == "IPv6" ? v6 : v4;
    for (std::string& each : AddressesIn(slice, true)) family.push_back(std::move(each));
  }
  std::vector<std::string>& found = v4.empty() ? v6 : v4;
  std::ranges::sort(found);
  return found;
}

void Activators::Changed() {
  there_.clear();
  for (const auto& [key, slice] : mirror_.objects()) {
    for (std::string& each : AddressesIn(slice, false)) there_.insert(std::move(each));
  }
  for (const std::string& address : there_) {
    if (asked_.insert(address).second) Spawn(loop_, Ask(address));
  }
  on_change_();
}

Awaitable<void> Activators::Ask(std::string address) {
  auto pause = kFirstPause;
  std::uint64_t seen = 0;
  while (there_.contains(address)) {
    auto report = co_await AskOnce(address, seen);
    if (report) {
      seen = report->wanted;
      pause = kFirstPause;
      on_report_(address, *report);
      co_await Pause(loop_, kBetween);
      continue;
    }
    log_.Warn("the activator is asked again",
              {{"address", address}, {"error", report.error().message}});
    co_await Pause(loop_, pause);
    pause = std::min(2 * pause, kLongestPause);
  }
  asked_.erase(address);
}

Task<activator::DemandReport> Activators::AskOnce(const std::string& address, std::uint64_t seen) {
  http::Endpoint endpoint = http::TcpAddress{address, kDemandPort};
  http::ClientRequest request;
  request.target = "/v1/demand?seen=" + std::to_string(seen);
  request.host = std::string(kActivatorName);
  auto token = ReadToken(settings_.token);
  if (!token) co_return std::unexpected(std::move(token).error());
  request.headers.emplace_back("Authorization", "Bearer " + *token);
  http::FetchOptions options;
  options.connect_timeout = kConnect;
  options.timeout = kAnswer;
  options.body_limit = kMostReport;
  auto answer =
      co_await http::Fetch(loop_, std::move(endpoint), std::move(request), std::move(options));
  if (!answer) co_return std::unexpected(std::move(answer).error());
  if (answer->status != 200) {
    co_return Fail(Errc::kUnavailable, "it answers " + std::to_string(answer->status));
  }
  auto json = ParseJson(answer->body, kMostReport);
  if (!json) co_return std::unexpected(std::move(json).error());
  auto report = activator::DemandFromJson(*json);
  co_return report;
}

}  // namespace strata::kube::controller
