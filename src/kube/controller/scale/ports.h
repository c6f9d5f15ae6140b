// kube/controller/scale/ports.h - which port of the activators is which Service's.
//
//   a Service's status --> [ Ports ] --> the Service's status, its EndpointSlice
//
// A Service keeps the port that its status says, also when another operator takes over. Where two
// say the same one, whoever was seen first keeps it.
//
// Pure. Tested by scaling_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace strata::kube::controller {

class Ports {
 public:
  // The one of `uid`, which asks for `said`. Nothing: all are taken.
  std::optional<std::uint16_t> Take(const std::string& uid, std::optional<std::uint16_t> said);
  void Free(const std::string& uid);

 private:
  std::map<std::string, std::uint16_t> by_uid_;
  std::map<std::uint16_t, std::string> by_port_;
  std::uint16_t next_ = 0;  // a port that was free lately may still be listened at: it comes last
};

}  // namespace strata::kube::controller
