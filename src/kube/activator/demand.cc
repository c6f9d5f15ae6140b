#include "kube/activator/demand.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

namespace strata::kube::activator {
namespace {

using std::chrono::microseconds;

// As many as fit into a Duration.
constexpr std::uint64_t kMostTime =
    std::chrono::duration_cast<microseconds>(Duration::max()).count();
constexpr std::uint64_t kMostCount = std::numeric_limits<std::uint32_t>::max();

std::int64_t Microseconds(Duration time) {
  return std::chrono::duration_cast<microseconds>(time).count();
}

// Reads numbers and texts out of an object; remembers whether all were there.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json), good_(json.is_object()) {}

  std::uint64_t Number(const char* name, std::uint64_t most) {
    const Json* found = Find(name);
    if (found == nullptr || !found->is_number_unsigned()) return Bad();
    const auto value = found->get<std::uint64_t>();
    return value <= most ? value : Bad();
  }
  std::uint32_t Count(const char* name) {
    return static_cast<std::uint32_t>(Number(name, kMostCount));
  }
  Duration Time(const char* name) {
    return microseconds(static_cast<std::int64_t>(Number(name, kMostTime)));
  }
  std::string Text(const char* name) {
    const Json* found = Find(name);
    if (found != nullptr && found->is_string()) return found->get<std::string>();
    Bad();
    return {};
  }
  [[nodiscard]] bool good() const noexcept { return good_; }

 private:
  const Json* Find(const char* name) const {
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }
  std::uint64_t Bad() {
    good_ = false;
    return 0;
  }

  const Json& json_;
  bool good_;
};

std::unexpected<Error> NoReport() {
  return Fail(Errc::kInvalidArgument, "an activator's answer is no report of its demand");
}

}  // namespace

Json DemandToJson(const DemandReport& report) {
  Json workloads = Json::array();
  for (const WorkloadDemand& each : report.workloads) {
    workloads.push_back({{"uid", each.uid},
                         {"running", each.running},
                         {"waiting", each.waiting},
                         {"busy_us", static_cast<std::uint64_t>(Microseconds(each.busy))},
                         {"idle_us", static_cast<std::uint64_t>(Microseconds(each.idle))}});
  }
  return {{"instance", report.instance},
          {"at_us", static_cast<std::uint64_t>(Microseconds(report.at))},
          {"wanted", report.wanted},
          {"workloads", std::move(workloads)}};
}

Result<DemandReport> DemandFromJson(const Json& json) {
  Fields fields(json);
  DemandReport report{.instance = fields.Text("instance"),
                      .at = fields.Time("at_us"),
                      .wanted = fields.Number("wanted", std::numeric_limits<std::uint64_t>::max()),
                      .workloads = {}};
  if (!fields.good() || !json.contains("workloads") || !json["workloads"].is_array()) {
    return NoReport();
  }
  for (const Json& each : json["workloads"]) {
    Fields of(each);
    report.workloads.push_back({.uid = of.Text("uid"),
                                .running = of.Count("running"),
                                .waiting = of.Count("waiting"),
                                .busy = of.Time("busy_us"),
                                .idle = of.Time("idle_us")});
    if (!of.good()) return NoReport();
  }
  return report;
}

}  // namespace strata::kube::activator
