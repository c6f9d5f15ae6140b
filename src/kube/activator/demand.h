// kube/activator/demand.h - what an activator says of the requests that it holds and hands on.
//
//   front.h, meter.h --> DemandReport --JSON, GET /v1/demand--> controller/scale/activators.h
//
// Sums since the activator began, so that a report that is lost is made good by the next.
//
// Threads: values; pure. Errors: kInvalidArgument: it is no report. Tested by demand_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/text/json.h"

namespace strata::kube::activator {

struct WorkloadDemand {
  std::string uid;            // the Service's, in the cluster
  std::uint32_t running = 0;  // requests now; those that wait are among them
  std::uint32_t waiting = 0;  // for a pod
  Duration busy{};            // requests at once, times how long
  Duration idle{};            // how long there has been none; zero while there is one
  friend bool operator==(const WorkloadDemand&, const WorkloadDemand&) = default;
};

struct DemandReport {
  std::string instance;  // another one has begun to count anew
  Duration at{};         // since it began
  // How often a request has begun to wait where none did: a reader says the number that it knows,
  // and is answered at once when there is another.
  std::uint64_t wanted = 0;
  std::vector<WorkloadDemand> workloads;
  friend bool operator==(const DemandReport&, const DemandReport&) = default;
};

// In whole microseconds.
Json DemandToJson(const DemandReport& report);
Result<DemandReport> DemandFromJson(const Json& json);

}  // namespace strata::kube::activator
