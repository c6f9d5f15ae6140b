#include "cell/roles/image_server.h"

#include <string>
#include <string_view>
#include <utility>

#include "meter/call_record.h"
#include "meter/mirror_record.h"
#include "route/plan/plan.h"
#include "telemetry/trace.h"

namespace strata::cell {

// What a request may do beside its answer: nothing but use the image.
class ImageServer::Effects final : public route::RecordSink,
                                   public route::ImageSource,
                                   public route::Network {
 public:
  explicit Effects(std::shared_ptr<sandbox::Image> image) : image_(std::move(image)) {}

  bool TryRecord(const meter::CallRecord& /*record*/) noexcept override { return true; }
  Awaitable<void> RecordLater(const meter::CallRecord& /*record*/) override { co_return; }
  void RecordSpan(const telemetry::Span& /*span*/) override {}
  void RecordMirror(const meter::MirrorRecord& /*record*/) override {}

  Result<std::shared_ptr<sandbox::Image>> Load(const std::string& /*module*/) override {
    return image_;
  }

  Task<Fd> Connect(route::FunctionId /*function*/, std::string_view /*host*/,
                   std::uint16_t /*port*/) override {
    co_return Fail(Errc::kPermissionDenied, "this sandbox has no way out");
  }

 private:
  const std::shared_ptr<sandbox::Image> image_;
};

Result<std::unique_ptr<ImageServer>> ImageServer::Create(Parts parts) {
  std::unique_ptr<ImageServer> server(new ImageServer(parts));
  route::PlanSpec spec;
  parts.function.module = "image";
  spec.functions.push_back(std::move(parts.function));
  spec.rules.push_back({.backends = {{.function = 0}}});
  spec.observe = {.access_log = false, .metering = false, .trace_ratio = 0};
  auto plan = route::Plan::Build(std::move(spec), nullptr, server->ports_);
  if (!plan) return std::unexpected(std::move(plan).error());
  server->path_.SwitchTo(std::move(*plan));
  return server;
}

ImageServer::ImageServer(Parts& parts)
    : effects_(std::make_unique<Effects>(std::move(parts.image))),
      ports_{.loop = parts.loop,
             .clock = parts.clock,
             .random = parts.random,
             .records = *effects_,
             .lines = parts.lines,
             .images = *effects_,
             .network = *effects_,
             .authorizer = authorizer_,
             .sandbox_prefix = "request"},
      path_(ports_),
      server_(parts.loop, {.body = http::ServerConfig::kHandlersBody}, path_, parts.clock) {}

ImageServer::~ImageServer() = default;

Result<void> ImageServer::Adopt(Fd listener) { return server_.Adopt(std::move(listener)); }

}  // namespace strata::cell
