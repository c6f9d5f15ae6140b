// sandbox/microvm/sandbox.h - one virtual machine's life cycle.
//
//   fresh --Invoke--> restored, running --returned--> idle --Invoke--> ...
//                        '-- any other exit, or Stop() --> over (kFailedPrecondition)
//   fresh --Warm--> restored, waiting --Invoke--> ...        fresh --Serve--> serving --> over
//
// Each call runs the image's program anew in the same machine; what it writes stays.
//
// Threads:  the loop's; one call or server at a time. Lifetime: keeps image and machine; the
//           destructor kills the machine and returns at once. Destroyed only when nothing of it is
//           awaited.
// Errors:   as driver.h says. Tested by tests/contract.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "sandbox/driver.h"
#include "sandbox/microvm/guest/call.h"
#include "sandbox/microvm/guest/server_run.h"
#include "sandbox/microvm/image.h"
#include "sandbox/microvm/machine/machine.h"
#include "sandbox/microvm/shared.h"

namespace strata::sandbox::microvm {

class MicrovmSandbox final : public Sandbox {
 public:
  MicrovmSandbox(std::shared_ptr<Shared> shared, std::shared_ptr<MicrovmImage> image,
                 const Spec& spec);
  ~MicrovmSandbox() override;

  Task<Bytes> Warm() override;
  Task<model::Exit> Invoke(Call& call) override;
  Task<TypedResult> InvokeExport(std::string_view name, std::span<const Value> arguments,
                                 TimePoint deadline) override;
  Task<model::Exit> Serve() override;
  Task<Fd> Dial(std::uint16_t port) override;
  Task<std::shared_ptr<Execution>> Exec(sandbox::Program program) override;
  Task<Load> Measure() override;
  Task<void> Pause() override;
  Task<void> Resume() override;
  Task<std::shared_ptr<Image>> Snapshot() override;
  void Stop() noexcept override;
  [[nodiscard]] model::Usage usage() const override { return total_; }

 private:
  [[nodiscard]] Result<void> CheckFree() const;
  [[nodiscard]] Result<void> CheckEntered() const;
  void Settle(const Result<model::Exit>& exit);

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<MicrovmImage> image_;
  const Spec spec_;
  std::unique_ptr<egress::Outlet> outlet_;
  std::shared_ptr<Machine> machine_;
  MicrovmCall* running_ = nullptr;
  MicrovmServer* serving_ = nullptr;
  bool waits_ = false;  // `machine_` has run no program
  bool warming_ = false;
  bool over_ = false;
  model::Usage total_;
};

}  // namespace strata::sandbox::microvm
