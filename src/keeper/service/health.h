// keeper/service/health.h - whether a replica is well, found out again and again as the manifest
// says.
//
//   Service --> [ HealthCheck::Try: GET | connection | program ] --> sandbox
//               [ Verdict: thresholds ]
//
// What a guest answers is hostile: of an HTTP answer its first twelve bytes are read.
//
// Threads:  one loop. Lifetime: a check keeps its replica; its owner outlives its tries.
// Errors:   Try: why it is not well.
// Tested by keeper/service/health_test.cc and tests/e2e/health_test.py.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/async/task.h"
#include "keeper/service/replica.h"
#include "model/values.h"

namespace strata::keeper {

// One outcome after another becomes "well" or "not well". Pure.
class Verdict {
 public:
  // `well`: what is believed before the first outcome.
  Verdict(const model::Probe& probe, bool well) : probe_(probe), well_(well) {}

  // True: this outcome has changed the verdict.
  bool Take(bool success) noexcept;
  [[nodiscard]] bool well() const noexcept { return well_; }

 private:
  const model::Probe& probe_;
  bool well_;
  std::uint32_t against_ = 0;  // outcomes in a row that speak against the verdict
};

// The status of an answer that begins with `bytes`; 0: it is no HTTP/1 answer.
int StatusOfAnswer(std::string_view bytes) noexcept;

class HealthCheck {
 public:
  // `port`: of a probe that names none.
  HealthCheck(Loop& loop, const model::Probe& probe, std::shared_ptr<Replica> replica,
              std::uint16_t port);

  // Tries once, within the probe's timeout; what takes longer is ended, and has failed. While that
  // is still ending, the next has failed, too.
  Task<void> Try();

 private:
  struct Attempt;

  static Awaitable<void> Run(std::shared_ptr<Attempt> attempt);
  static Task<void> Connect(Attempt& attempt, std::uint16_t port);
  static Task<void> Get(Attempt& attempt);
  static Task<void> Execute(Attempt& attempt);

  Loop& loop_;
  const model::Probe& probe_;
  const std::shared_ptr<Replica> replica_;
  const std::uint16_t port_;
  std::weak_ptr<Attempt> last_;
};

}  // namespace strata::keeper
