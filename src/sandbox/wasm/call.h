// sandbox/wasm/call.h - one running call: the guest's host functions over an HTTP exchange, and the
// loop that polls the guest until it ends or must end.
//
//   Sandbox::Invoke --> GuestCall::Run --> EngineCall::Poll ... host functions --> exchange
//
// Between polls the call sleeps until somebody wakes it: the engine (a time slice is over, a
// guest's timer), a body that became readable or writable, an outgoing request, the pulse
// (deadline), Stop. A guest whose slice is over goes to the back of the loop's queue, so spinning
// guests share the loop fairly with each other and with everything else.
//
// Threads:  the loop's. Lifetime: borrowed parts outlive it; it outlives the EngineCall it runs.
// Errors:   only what is not the guest's doing; everything else is the Exit.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sandbox/call/helper.h"
#include "sandbox/driver.h"
#include "sandbox/wake_event.h"
#include "sandbox/wasm/engine/engine.h"
#include "sandbox/wasm/engine/pulse.h"
#include "sandbox/wasm/outgoing/table.h"
#include "sandbox/wasm/runtime.h"
#include "sandbox/wasm/settings.h"

namespace strata::sandbox::wasm {

class GuestCall final : public GuestHost, private Pulse::Entry {
 public:
  // `http` is null for a typed call, which has no body and no response. The call ends at
  // `deadline` or after limits.timeout, whichever is first.
  GuestCall(Runtime& runtime, const Settings& settings, Call* http, TimePoint deadline);

  // Runs `call`, which was started with this object as its host, to its end; `usage` of the Exit
  // lacks the memory peak. Once. Fails with kResourceExhausted (no slot in the pool, no timer),
  // kInternal.
  Task<model::Exit> Run(EngineCall& call);

  void Stop() noexcept;

  void Wake() noexcept override { event_.Wake(); }
  Io BodyRead(std::span<std::byte> to) override;
  bool Respond(http::ResponseHead head) override;
  Io BodyWrite(std::span<const std::byte> from) override;
  void Log(Stream stream, std::string_view text) override;
  std::int64_t OutgoingStart(const OutgoingHead& head) override;
  Io OutgoingWrite(std::int64_t handle, std::span<const std::byte> from) override;
  void OutgoingEnd(std::int64_t handle) override;
  Io OutgoingResponse(std::int64_t handle, http::ResponseHead& head) override;
  Io OutgoingRead(std::int64_t handle, std::span<std::byte> to) override;
  void OutgoingDelete(std::int64_t handle) override;

 private:
  // Why a call ends before its guest returned. The first reason stays.
  struct Fate {
    model::ExitReason reason;
    std::string detail;
  };
  void FailBody(Fate fate);
  void Condemn(model::ExitReason reason, std::string detail);
  static Fate ClientFate(const Error& error);

  bool Slice(EngineCall& call, EngineExit& end);
  Awaitable<bool> Continue(EngineCall& call, EngineExit& end);
  bool MustEnd();
  void StartHelpers();
  Awaitable<void> JoinHelpers();
  Awaitable<void> WaitReadable();
  Awaitable<void> WaitWritable();
  Result<model::Exit> Finish(bool ended, EngineExit end, TimePoint start);
  void Due() noexcept override { event_.Wake(); }

  Runtime& runtime_;
  const Settings& settings_;
  Call* const http_;
  WakeEvent event_;
  std::optional<Fate> fate_;
  std::optional<Fate> body_fate_;  // counts only when the guest did not survive it
  bool stop_ = false;

  bool wants_readable_ = false;  // set by host functions, acted on between polls
  bool wants_writable_ = false;
  std::unique_ptr<Helper> readable_;
  std::unique_ptr<Helper> writable_;
  std::unique_ptr<outgoing::Table> outgoing_;
  model::Usage usage_;
};

}  // namespace strata::sandbox::wasm
