// measure/process_place.h - the baseline: the same programs as plain processes of this host,
// started by the one process runner (host/process/process.h) with nothing around them.
//
//   measure::Run --> Place (place.h) <|-- [ ProcessPlace ] --> hello, yardstick
//
// Threads:  as Place. Lifetime: every process ends with the thread that started it, also when that
//           is killed. Errors: kNotFound: a program is not installed; else as Place says.
// Tested by process_place_test.cc.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/files/fd.h"
#include "host/process/process.h"
#include "measure/place.h"
#include "measure/record.h"

namespace strata::measure {

class ProcessPlace final : public Place {
 public:
  // `programs`: the folder that has hello/hello and yardstick/yardstick.
  explicit ProcessPlace(std::filesystem::path programs) : programs_(std::move(programs)) {}

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  Result<void> Deploy(Program program) override;  // only looks whether it is there
  Result<void> Remove(Program /*program*/) override { return {}; }
  Result<Answer> Call(Program program, std::string_view path) override;
  Result<double> MemoryMib(Program program) override;  // of kYardstick; both are as small
  Result<double> CpuMs(Program program) override;
  Result<double> Load(Program program, unsigned callers, std::chrono::milliseconds time) override;
  Result<std::vector<Answer>> CallWaiting(unsigned sandboxes) override;
  Result<Density> Run(std::uint64_t instances) override;
  Result<Bytes> ImageSize(Program program) override;
  Result<Escapes> TryToEscape() override;

 private:
  [[nodiscard]] std::filesystem::path FileOf(Program program) const;

  const std::string name_{kProcess};
  const std::filesystem::path programs_;
  std::vector<host::Process> servers_;
};

}  // namespace strata::measure
