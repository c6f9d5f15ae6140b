// keeper/pools/pool.h - the sandboxes of one program that runs once for each call: made before the
// calls that take them, as Demand says, or when a call comes. As an image, so that lines to cells
// (sandbox/remote) need not know.
//
//   remote::Server --Create--> [ Pool ] --Create, Warm--> Image of a driver
//
// Every call gets a sandbox in which nothing has run: one that waits is taken by one call, and
// ended after it. All have one spec; a call's id and log are known when it takes one.
//
// Threads:  one loop. Lifetime: held by shared_ptr, by those who have its sandboxes, too; its Pools
//           outlives it.
// Errors:   of a call, beside the driver's: kResourceExhausted: no room and too many in line, none
//           as long as there was time left for it to run, or the line stands; kUnavailable: stopped
//           before it had one.
// Tested by pool_test.cc and pool_line_test.cc.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/lines/usual_time.h"
#include "keeper/pools/demand.h"
#include "keeper/pools/pools.h"
#include "keeper/wire/reports.h"
#include "meter/prices.h"
#include "model/values.h"
#include "sandbox/driver.h"

namespace strata::keeper {

class Pool final : public sandbox::Image {
 public:
  struct Program {
    sandbox::Spec spec;  // of each sandbox, but for the log; its id is the program's name
    model::Scale scale;
    model::Priority priority = model::Priority::kNormal;  // of its calls, in line
    meter::Price price;
  };
  // `sandbox_class`: whose room its sandboxes take.
  Pool(Pools& pools, std::string sandbox_class, std::shared_ptr<sandbox::Image> image,
       Program program);
  ~Pool() override;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  [[nodiscard]] model::GuestKind kind() const noexcept override { return image_->kind(); }
  [[nodiscard]] std::vector<sandbox::Export> exports() const override { return image_->exports(); }

  // Takes of `spec` the id and the log. Makes nothing: its first call takes one, or waits for it.
  Result<std::unique_ptr<sandbox::Sandbox>> Create(const sandbox::Spec& spec) override;

  // From now on there may be calls, and sandboxes that wait for them.
  void Open();
  // Ends those that wait, for good; later calls have theirs made.
  void Close();

  // What came of it so far, and how it is.
  [[nodiscard]] Pooled state() const;

 private:
  friend class Pools;
  class Handle;
  class LateLog;
  using Ticket = Pools::Ticket;

  // A sandbox that was made, and since when it waits.
  struct Made {
    std::unique_ptr<LateLog> log;  // outlives the sandbox
    std::unique_ptr<sandbox::Sandbox> sandbox;
    TimePoint since{};
    Bytes held;
    bool warm = false;
  };

  Task<Made> Take(Ticket& ticket, sandbox::Spec spec);
  Task<Made> MakeOne(Ticket& ticket, sandbox::Spec spec);
  // In and out of ready_; nothing else changes it.
  void Push(Made made);
  Made Pop();
  std::optional<Made> TakeReady();
  Awaitable<void> AwaitClaimed(Ticket& ticket);
  // How much longer a call waits for what is being made.
  [[nodiscard]] Duration WorthWaiting() const;
  // Why a call that waits must not any longer; nothing: it may.
  [[nodiscard]] std::optional<Error> Over(const Ticket& ticket) const;
  void Drop();  // the one that has waited longest
  [[nodiscard]] std::uint32_t wanted() const;
  [[nodiscard]] bool lacks() const;
  // When time alone changes what is wanted or lacking; nothing: never.
  [[nodiscard]] std::optional<TimePoint> NextChange() const;
  // Makes one that waits. Not while another is made here.
  Awaitable<void> FillOne();
  void OnFailure(const Error& error);
  // The guest of a call has ended.
  void OnRan(Duration took, const model::Exit& exit);

  Pools& pools_;
  const std::string sandbox_class_;
  const std::shared_ptr<sandbox::Image> image_;
  const sandbox::Spec spec_;
  const model::Priority priority_;
  const std::uint32_t min_;
  Demand demand_;
  std::deque<Made> ready_;  // the oldest first
  UsualTime usual_;         // of calls whose sandbox was made for them
  bool filling_ = false;
  TimePoint fill_begun_{};
  Duration creation_;            // of the last that was made ahead; before, of its class
  Ticket* claim_ = nullptr;      // of the call that gets what is being made
  std::optional<Made> claimed_;  // what it gets
  enum class Phase : std::uint8_t { kAdmitted, kOpen, kClosed };
  Phase phase_ = Phase::kAdmitted;
  std::uint32_t failures_ = 0;  // one after the other
  TimePoint try_again_{};
  bool never_ = false;      // such sandboxes do not wait
  Bytes held_;              // by the last one
  std::uint64_t turn_ = 0;  // of its Pools'
  Pooled counted_;
};

}  // namespace strata::keeper
