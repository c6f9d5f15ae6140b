// kube/controller/scale/ports.h - which port of the activators is which Service's.
//
//   a Service's status --> [ Ports ] --> the Service's status, its EndpointSlice
//
// A Service keeps the port that its status says, also when another operator takes over: that one
// keeps those of all Services before it hands out another. Where two say the same one, whoever is
// older has it.
//
// Pure. Tested by scaling_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/text/json.h"

namespace strata::kube::controller {

class Ports {
 public:
  // `first`: handed out first. An operator that begins where none before it was for long does not
  // hand out what was free lately.
  explicit Ports(std::uint16_t first) : next_(first) {}

  // Takes for each of `services` ("namespace/name") what its status says, the oldest ones first.
  void Keep(const std::map<std::string, Json>& services);

  // The one of `uid`, which asks for `said`. Nothing: all are taken.
  std::optional<std::uint16_t> Take(const std::string& uid, std::optional<std::uint16_t> said);
  void Free(const std::string& uid);

 private:
  std::map<std::string, std::uint16_t> by_uid_;
  std::map<std::uint16_t, std::string> by_port_;
  std::uint16_t next_;  // a port that was free lately may still be listened at: it comes last
};

}  // namespace strata::kube::controller
