// measure/testing_place.h - a place for tests: what it answers is set, what it is asked is written
// down.
//
// For tests of Run (run.h) only. Time passes on the ManualClock that it is given, by as much as a
// call or a load takes. Threads: one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "measure/place.h"

namespace strata::measure {

class TestingPlace final : public Place {
 public:
  TestingPlace(std::string name, ManualClock& clock) : name_(std::move(name)), clock_(clock) {}

  std::string body = "compute 10\n";
  double mib_each = 10;  // of a server
  std::uint64_t most_servers = 1000;
  Errc no_more = Errc::kResourceExhausted;  // what one more fails with
  Duration call_takes = std::chrono::milliseconds(1);
  std::string lacking;  // why nothing can be deployed
  std::vector<std::string> asked;
  int deployed = 0;
  int failures = 0;  // so many calls fail
  std::uint64_t running = 0;

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  Result<void> Deploy(Program program) override {
    if (!lacking.empty()) return Fail(Errc::kUnsupported, lacking);
    asked.push_back("deploy " + std::string(ProgramName(program)));
    ++deployed;
    return {};
  }
  Result<void> Remove(Program /*program*/) override {
    asked.emplace_back("remove");
    if (deployed > 0) --deployed;
    return {};
  }
  Result<Answer> Call(Program program, std::string_view path) override {
    asked.push_back("call " + std::string(ProgramName(program)) + std::string(path));
    clock_.Advance(call_takes);
    if (failures > 0) {
      --failures;
      return Fail(Errc::kInternal, "no sandbox");
    }
    cpu_ms_ += 12;
    return Answer{.ms = 2, .body = body};
  }
  Result<double> MemoryMib(Program /*program*/) override { return 3; }
  Result<double> CpuMs(Program /*program*/) override { return cpu_ms_; }
  Result<double> Load(Program /*program*/, unsigned callers,
                      std::chrono::milliseconds time) override {
    clock_.Advance(time);
    return 100.0 * callers;
  }
  Result<std::vector<Answer>> CallWaiting(unsigned /*sandboxes*/) override {
    return Fail(Errc::kUnsupported, "nothing waits here");
  }
  Result<Density> Run(std::uint64_t instances) override {
    if (instances > most_servers) return Fail(no_more, "no more servers");
    running = instances;
    return Density{.instances = instances,
                   .all_mib = mib_each * static_cast<double>(instances),
                   .memory_mib = std::vector<double>(instances, mib_each)};
  }
  Result<Bytes> ImageSize(Program /*program*/) override { return Bytes::MiB(2); }
  Result<Escapes> TryToEscape() override { return Escapes{.attempts = 110, .succeeded = 1}; }

 private:
  std::string name_;
  ManualClock& clock_;
  double cpu_ms_ = 5;
};

}  // namespace strata::measure
