#include "sandbox/wasm/driver.h"

#include <array>
#include <utility>

#include "base/text/byte_view.h"
#include "host/files/memfd.h"
#include "sandbox/wasm/engine/wasmtime_engine.h"
#include "sandbox/wasm/image.h"
#include "sandbox/wasm/runtime.h"

namespace strata::sandbox::wasm {
namespace {

constexpr std::string_view kProbeModule =
    R"((module (func (export "double") (param i32) (result i32)
         (i32.mul (local.get 0) (i32.const 2)))))";

// A host for a guest that asks for nothing.
class NoHost final : public GuestHost {
 public:
  void Wake() noexcept override {}
  Io BodyRead(std::span<std::byte>) override { return Io::End(); }
  bool Respond(http::ResponseHead) override { return false; }
  Io BodyWrite(std::span<const std::byte>) override { return Io::Failed(); }
  void Log(Stream, std::string_view) override {}
  std::int64_t OutgoingStart(const OutgoingHead&) override { return 0; }
  Io OutgoingWrite(std::int64_t, std::span<const std::byte>) override { return Io::Failed(); }
  void OutgoingEnd(std::int64_t) override {}
  Io OutgoingResponse(std::int64_t, http::ResponseHead&) override { return Io::Failed(); }
  Io OutgoingRead(std::int64_t, std::span<std::byte>) override { return Io::Failed(); }
  void OutgoingDelete(std::int64_t) override {}
};

// The whole way of a bare module, without a loop: it is too short to yield.
Result<void> RunProbe(Engine& engine) {
  auto code = engine.Compile(AsBytes(kProbeModule));
  if (!code) return Wrap(std::move(code).error(), "compile");
  auto fd = host::MakeSealedMemfd("strata-probe", *code);
  if (!fd) return std::unexpected(std::move(fd).error());
  auto image = engine.Load(fd->get());
  if (!image) return std::unexpected(std::move(image).error());
  const model::Env env;
  auto sandbox = (*image)->Create({.memory = 1_MiB, .table_elements = 1, .env = env});
  if (!sandbox) return std::unexpected(std::move(sandbox).error());
  NoHost host;
  const std::array<Value, 1> arguments{std::int32_t{21}};
  auto call = (*sandbox)->StartExport("double", arguments, host);
  if (!call) return std::unexpected(std::move(call).error());
  EngineExit exit;
  const bool ended = (*call)->Poll(exit);
  if (!ended || exit.end != EngineEnd::kReturned ||
      (*call)->Results() != std::vector<Value>{std::int32_t{42}}) {
    return Fail(Errc::kInternal, "the probe's guest did not answer: " + exit.detail);
  }
  return {};
}

}  // namespace

WasmDriver::WasmDriver(std::shared_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {}

Result<std::shared_ptr<Engine>> MakeEngine(const Config& config) {
  return MakeWasmtimeEngine(config, EngineRole::kHost);
}

Result<Loaded> LoadEarly(std::shared_ptr<Engine> engine, const Fd& prepared) {
  auto image = engine->Load(prepared.get());
  if (!image) return std::unexpected(std::move(image).error());
  return Loaded{.engine = std::move(engine), .image = std::move(*image)};
}

Result<std::unique_ptr<WasmDriver>> WasmDriver::Create(Loop& loop, const Clock& clock,
                                                       const Config& config) {
  auto engine = MakeEngine(config);
  if (!engine) return std::unexpected(std::move(engine).error());
  return On(std::move(*engine), loop, clock, config);
}

std::unique_ptr<WasmDriver> WasmDriver::On(std::shared_ptr<Engine> engine, Loop& loop,
                                           const Clock& clock, const Config& config) {
  auto pulse = std::make_shared<Pulse>(loop, clock, engine, config.tick_linger);
  std::shared_ptr<Runtime> runtime(new Runtime{.loop = loop,
                                               .clock = clock,
                                               .config = config,
                                               .engine = std::move(engine),
                                               .pulse = std::move(pulse),
                                               .tls = outgoing::Tls(config.ca_bundle),
                                               .metrics = {}});
  return std::unique_ptr<WasmDriver>(new WasmDriver(std::move(runtime)));
}

Result<void> WasmDriver::Probe() {
  auto probed = RunProbe(*runtime_->engine);
  if (probed) return {};
  return Fail(Errc::kUnsupported, "wasm: " + probed.error().message);
}

Result<std::shared_ptr<Image>> WasmDriver::Prepare(Fd prepared) {
  auto image = runtime_->engine->Load(prepared.get());
  if (!image) return std::unexpected(std::move(image).error());
  return Take(std::move(*image));
}

std::shared_ptr<Image> WasmDriver::Take(std::shared_ptr<EngineImage> loaded) {
  return std::make_shared<WasmImage>(runtime_, std::move(loaded));
}

std::string WasmDriver::EngineKey() const { return runtime_->engine->Key(); }

const Metrics& WasmDriver::metrics() const noexcept { return runtime_->metrics; }

}  // namespace strata::sandbox::wasm
