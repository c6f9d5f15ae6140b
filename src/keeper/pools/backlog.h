// keeper/pools/backlog.h - what services print while there is no manager, or one that reads more
// slowly: kept, within bounds, until there is one that reads.
//
//   Printed --Add--> [ Backlog: the last lines ] --Take--> a manager that has caught up, or adopted
//
// Beyond the bounds the oldest lines go, and are counted for each service; Take says how many in a
// line of its own, before those that are left.
//
// Threads: a value. Tested by keeper/pools/backlog_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "keeper/wire/messages.h"

namespace strata::keeper {

class Backlog {
 public:
  static constexpr std::size_t kMostLines = 4096;
  static constexpr Bytes kMostBytes = 1_MiB;

  void Add(Printed line);
  // All of them, in order; nothing is left here.
  std::vector<Printed> Take();

 private:
  struct Dropped {
    std::string sandbox_class;
    std::uint64_t lines = 0;
  };

  std::deque<Printed> lines_;
  std::size_t bytes_ = 0;                   // of their texts
  std::map<std::string, Dropped> dropped_;  // by service
};

}  // namespace strata::keeper
