// apps/strata/isolation/class_place.h - a class of the server as a place of `strata measure`:
// deploys through its API, calls through it, and reads back what the platform accounted for.
//
// Everything lies in a namespace of its own, under names of their own: whatever a killed run left
// there is replaced or removed by the next one. Threads and errors: measure/place.h.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "client/session.h"
#include "isolation/classes.h"
#include "isolation/live_sandboxes.h"
#include "measure/place.h"
#include "model/values.h"

namespace strata::cli {

class ClassPlace final : public measure::Place {
 public:
  // `session` outlives it. `stopped`: asked where much is done at once; then it is left undone.
  ClassPlace(Session& session, model::Class sandbox_class, std::function<bool()> stopped);

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  Result<void> Deploy(measure::Program program) override;
  Result<void> Remove(measure::Program program) override;
  Result<measure::Answer> Call(measure::Program program, std::string_view path) override;
  Result<double> MemoryMib(measure::Program program) override;
  Result<double> CpuMs(measure::Program program) override;
  Result<double> Load(measure::Program program, unsigned callers,
                      std::chrono::milliseconds time) override;
  Result<std::vector<measure::Answer>> CallWaiting(unsigned sandboxes) override;
  Result<measure::Density> Run(std::uint64_t instances) override;
  Result<Bytes> ImageSize(measure::Program program) override;
  Result<measure::Escapes> TryToEscape() override;

 private:
  [[nodiscard]] ClassWorkload WorkloadOf(measure::Program program) const;
  [[nodiscard]] ClassWorkload Waiting(unsigned sandboxes) const;
  [[nodiscard]] ClassWorkload Servers(std::uint64_t instances) const;
  [[nodiscard]] ClassWorkload LiveServers() const;
  [[nodiscard]] bool is_wasm() const noexcept { return class_ == model::Class::kWasm; }
  // Of a workload, from what `strata top` shows.
  Result<double> Accounted(measure::Program program, const char* key);
  Result<measure::Density> RunLive(std::uint64_t instances);
  Result<void> AwaitWaiting(const ClassWorkload& workload, unsigned sandboxes);

  Session& session_;
  const model::Class class_;
  const std::string name_;
  const std::function<bool()> stopped_;
  LiveSandboxes live_;  // of class wasm
};

}  // namespace strata::cli
