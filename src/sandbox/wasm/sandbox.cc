#include "sandbox/wasm/sandbox.h"

#include <algorithm>
#include <utility>

#include "http/parse/ascii.h"
#include "sandbox/call/guest_headers.h"
#include "sandbox/wasm/json_call.h"
#include "sandbox/wasm/program.h"

namespace strata::sandbox::wasm {
namespace {

// The Host field as the client sent it, with its port.
std::string_view Authority(const http::RequestHead& head) {
  const auto host = std::ranges::find_if(head.headers, [](const http::Header& header) {
    return http::EqualsIgnoreCase(header.name, "host");
  });
  return host == head.headers.end() ? head.host : host->value;
}

}  // namespace

WasmSandbox::WasmSandbox(std::shared_ptr<const WasmImage> image,
                         std::unique_ptr<EngineSandbox> engine, Settings settings,
                         std::vector<Scratch> scratch)
    : image_(std::move(image)),
      scratch_(std::move(scratch)),
      engine_(std::move(engine)),
      settings_(std::move(settings)) {
  ++runtime().metrics.sandboxes;
  ++runtime().metrics.sandboxes_live;
}

WasmSandbox::~WasmSandbox() { --runtime().metrics.sandboxes_live; }

Result<void> WasmSandbox::CheckIdle() const {
  if (running_ != nullptr) {
    return Fail(Errc::kFailedPrecondition, "sandbox " + settings_.id + " is running a call");
  }
  if (over_) {
    return Fail(Errc::kFailedPrecondition, "sandbox " + settings_.id + " has ended");
  }
  return {};
}

Result<std::unique_ptr<EngineCall>> WasmSandbox::Start(Call& call, GuestHost& host) {
  const bool module = image_->kind() == model::GuestKind::kModule;
  if (module && !image_->answers_requests()) {
    return std::make_unique<JsonCall>(*engine_, image_->engine_exports(), host);
  }
  // A bare module sees nothing but the body.
  const auto headers = module ? std::vector<http::Header>() : GuestHeaders(call);
  return engine_->StartHttp({.method = call.head.method,
                             .scheme = call.head.scheme,
                             .authority = Authority(call.head),
                             .path_with_query = call.head.target,
                             .headers = headers,
                             .content_length = call.head.content_length},
                            host);
}

Task<model::Exit> WasmSandbox::Invoke(Call& call) { return Conduct(call, std::nullopt); }

Task<model::Exit> WasmSandbox::Run(std::span<const std::string> arguments, Call& streams) {
  return Conduct(streams, arguments);
}

Task<model::Exit> RunProgram(Sandbox& sandbox, std::span<const std::string> arguments,
                             Call& streams) {
  auto* const ours = dynamic_cast<WasmSandbox*>(&sandbox);
  if (ours == nullptr) {
    co_return Fail(Errc::kUnsupported, "only class wasm runs commands as programs");
  }
  co_return co_await ours->Run(arguments, streams);
}

Task<model::Exit> WasmSandbox::Conduct(Call& call, Arguments program) {
  if (program && image_->kind() != model::GuestKind::kCommand) {
    co_return Fail(Errc::kUnsupported, "only commands run as programs");
  }
  if (auto idle = CheckIdle(); !idle) co_return std::unexpected(std::move(idle).error());
  GuestCall guest(runtime(), settings_, &call, call.deadline);
  auto started = program ? engine_->StartCommand(*program, guest) : Start(call, guest);
  if (!started) {
    over_ = true;
    co_return std::unexpected(std::move(started).error());
  }
  running_ = &guest;
  auto exit = co_await guest.Run(**started);
  Settle(exit);
  co_return exit;
}

Task<Sandbox::TypedResult> WasmSandbox::InvokeExport(std::string_view name,
                                                     std::span<const Value> arguments,
                                                     TimePoint deadline) {
  if (image_->kind() != model::GuestKind::kModule) {
    co_return Fail(Errc::kUnsupported, "only bare modules have typed exports");
  }
  if (auto idle = CheckIdle(); !idle) co_return std::unexpected(std::move(idle).error());
  GuestCall guest(runtime(), settings_, nullptr, deadline);
  auto started = engine_->StartExport(name, arguments, guest);
  if (!started) co_return std::unexpected(std::move(started).error());
  running_ = &guest;
  auto exit = co_await guest.Run(**started);
  Settle(exit);
  if (!exit) co_return std::unexpected(std::move(exit).error());
  TypedResult result;
  if (exit->reason == model::ExitReason::kReturned) result.values = (*started)->Results();
  result.exit = std::move(*exit);
  co_return result;
}

void WasmSandbox::Settle(Result<model::Exit>& exit) {
  running_ = nullptr;
  if (!exit) {
    over_ = true;
    return;
  }
  if (exit->reason != model::ExitReason::kReturned) over_ = true;
  exit->usage.memory_peak = engine_->memory_peak();
  total_ += exit->usage;
}

void WasmSandbox::Stop() noexcept {
  over_ = true;
  if (running_ != nullptr) running_->Stop();
}

model::Usage WasmSandbox::usage() const {
  model::Usage usage = total_;
  usage.memory_peak = engine_->memory_peak();
  return usage;
}

}  // namespace strata::sandbox::wasm
