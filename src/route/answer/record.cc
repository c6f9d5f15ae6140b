#include "route/answer/record.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace strata::route {
namespace {

std::uint64_t Nanoseconds(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
  return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

}  // namespace

meter::CallRecord RecordOf(const Stages& stages, const std::optional<model::Exit>& exit,
                           std::string_view sandbox_class) {
  meter::CallRecord record;
  record.sandbox = meter::SandboxCame::kNone;
  const Duration called = stages.ended - stages.ready;
  Duration ran{};
  if (exit) {
    const bool here = sandbox_class == model::ClassName(model::Class::kWasm);
    ran = here ? called : std::min<Duration>(called, exit->usage.wall);
    const bool at_once = here || exit->warm;
    record.sandbox = at_once ? meter::SandboxCame::kAtOnce : meter::SandboxCame::kMade;
    record.cpu_ns = Nanoseconds(exit->usage.cpu);
    record.memory_peak = exit->usage.memory_peak.count;
    record.bytes_in = exit->usage.bytes_in.count;
    record.bytes_out = exit->usage.bytes_out.count;
    record.exit = static_cast<std::uint8_t>(exit->reason);
    record.exit_code = exit->status != 0 ? 1 : 0;
  }
  record.queue_ns = Nanoseconds(stages.created - stages.start + called - ran);
  record.instantiate_ns = Nanoseconds(stages.ready - stages.created);
  record.run_ns = Nanoseconds(ran);
  return record;
}

}  // namespace strata::route
