// http/server/date_cache.h - the Date field of every response, formatted once a second.
//
//   ServerState::Tick --Update--> [ DateCache ] --line()--> ResponseWriter
//
// It is as coarse as ServerConfig::tick. Internal to this folder.
//
// Threads:  on the loop. Lifetime: line() is good until the next Update. Never fails.
// Tested by server_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace strata::http {

class DateCache {
 public:
  // Formats anew when `now` is in another second than before.
  void Update(WallTime now);

  // "Date: Mon, 23 Nov 2026 10:00:00 GMT\r\n"
  [[nodiscard]] std::string_view line() const noexcept { return line_; }

 private:
  std::int64_t second_ = -1;
  std::string line_;
};

}  // namespace strata::http
