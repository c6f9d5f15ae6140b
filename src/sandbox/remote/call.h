// sandbox/remote/call.h - one call of a remote sandbox, on the side that has the HTTP exchange.
//
//   exchange <--CallIo-- RemoteCall <==line==> Server
//
// Threads:  the loop's. Lifetime: borrowed parts outlive it. Once.
// Errors:   kUnavailable (the line broke, or no answer came long after the deadline), kInternal
//           (the other side broke the rules), and what the real sandbox's Invoke failed with:
//           kDeadlineExceeded where that was because the call's deadline had come.
#pragma once

#include <optional>
#include <string>

#include "sandbox/call/call_io.h"
#include "sandbox/call/helper.h"
#include "sandbox/driver.h"
#include "sandbox/remote/messages.h"
#include "sandbox/wake_event.h"
#include "wire/channel.h"

namespace strata::sandbox::remote {

class RemoteCall {
 public:
  RemoteCall(Loop& loop, const Clock& clock, wire::Channel& channel, const Spec& spec, Call& call);

  Task<model::Exit> Run();
  void Stop() noexcept;
  // After Run: whether it failed because the line broke.
  [[nodiscard]] bool keeper_lost() const noexcept;

 private:
  [[nodiscard]] Begin MakeBegin() const;
  Awaitable<void> Supervise();
  void Watch();
  [[nodiscard]] bool Over() const noexcept;
  Result<model::Exit> Finish();
  void Send(const ToServer& message);

  Awaitable<void> Feed();
  Awaitable<void> Receive();
  Result<void> Take(ToClient message);
  Awaitable<void> Answer();
  Awaitable<void> Tick();

  Loop& loop_;
  const Clock& clock_;
  wire::Channel& channel_;
  const Spec& spec_;
  Call& call_;
  CallIo io_;
  WakeEvent event_;     // something to look at
  WakeEvent credited_;  // for Feed
  WakeEvent arrived_;   // for Answer
  Timer timer_;

  std::uint32_t credit_ = kWindow;
  std::string pending_;  // answered, not yet taken by the client
  bool unsent_ = false;  // some was taken since it was last pushed out
  std::optional<Done> done_;
  std::optional<Fate> fate_;  // of the call, from this side
  std::optional<Error> broken_;
  bool stop_ = false;
  bool told_ = false;  // that it must end
  TimePoint give_up_;
  bool gave_up_ = false;  // the keeper is there, and did not end it

  Helper feed_;
  Helper receive_;
  Helper answer_;
  Helper tick_;
};

}  // namespace strata::sandbox::remote
