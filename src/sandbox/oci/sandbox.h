// sandbox/oci/sandbox.h - one container's place on the host and its life cycle.
//
//   fresh --Invoke--> running --returned--> idle --Invoke--> ...
//                        '-- any other exit, or Stop() --> over (kFailedPrecondition)
//   fresh --Warm--> waiting at its gate --Invoke--> ...      fresh --Serve--> serving --> over
//
// Each call runs the image's program anew; the writable layer and the group persist from call to
// call of the same sandbox.
//
// Threads:  the loop's; one call or server at a time. Lifetime: the destructor returns at once: the
//           worker kills and removes. Destroyed only when nothing of it is awaited.
// Errors:   as driver.h says. Tested by tests/contract, container/sandbox_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "sandbox/driver.h"
#include "sandbox/oci/bundle.h"
#include "sandbox/oci/guest/call.h"
#include "sandbox/oci/guest/server_run.h"
#include "sandbox/oci/guest/started_guest.h"
#include "sandbox/oci/network.h"
#include "sandbox/oci/shared.h"

namespace strata::sandbox::oci {

class OciSandbox final : public Sandbox {
 public:
  OciSandbox(std::shared_ptr<Shared> shared, OwnedBundle bundle, const Spec& spec);
  ~OciSandbox() override;

  Task<Bytes> Warm() override;
  Task<model::Exit> Invoke(Call& call) override;
  Task<TypedResult> InvokeExport(std::string_view name, std::span<const Value> arguments,
                                 TimePoint deadline) override;
  Task<model::Exit> Serve() override;
  Task<Fd> Dial(std::uint16_t port) override;
  Task<std::shared_ptr<Execution>> Exec(Program program) override;
  Task<Load> Measure() override;
  Task<void> Pause() override { co_return co_await SetPaused(true); }
  Task<void> Resume() override { co_return co_await SetPaused(false); }
  void Stop() noexcept override;
  [[nodiscard]] model::Usage usage() const override { return total_; }

 private:
  [[nodiscard]] Result<void> CheckFree() const;
  [[nodiscard]] Result<void> CheckEntered() const;
  Task<void> SetPaused(bool paused);
  Task<Fd> DialThroughAgent(std::uint16_t port);
  Task<host::Process> StartProgram(Program program, std::string name);
  void Settle(const Result<model::Exit>& exit);

  std::shared_ptr<Shared> shared_;
  OwnedBundle bundle_;
  const Spec spec_;
  Network network_;
  std::unique_ptr<StartedGuest> waiting_;  // from Warm to the first Invoke
  OciCall* running_ = nullptr;
  ServerRun* serving_ = nullptr;
  std::uint64_t execs_ = 0;
  int pausing_ = 0;  // what the worker has of SetPaused
  bool warming_ = false;
  bool over_ = false;
  model::Usage total_;
};

}  // namespace strata::sandbox::oci
