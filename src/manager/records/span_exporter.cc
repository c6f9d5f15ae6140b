#include "manager/records/span_exporter.h"

#include <array>
#include <utility>

#include "http/client/client.h"

namespace strata::manager {
namespace {

constexpr std::size_t kMostInBatch = 512;
constexpr std::size_t kMostWaiting = 8192;
constexpr std::chrono::milliseconds kPause{1000};
constexpr Bytes kFileLimit = 16_MiB;

}  // namespace

SpanExporter::SpanExporter(CellContext& context, telemetry::Registry& registry)
    : context_(context),
      sent_(
          registry.GetCounter("strata_manager_spans_sent_total", "Spans that the collector took.")),
      dropped_(registry.GetCounter("strata_manager_spans_dropped_total",
                                   "Spans that the collector did not take.")) {
  auto file = RotatingFile::Open(context.dir.logs() / "spans.jsonl", kFileLimit);
  if (file) {
    file_.emplace(std::move(*file));
  } else {
    context.log.Error("no span log", file.error());
  }
}

void SpanExporter::Add(telemetry::Span span) {
  if (file_) (void)file_->Append(telemetry::SpanToJson(span) + "\n");
  if (context_.options.otlp_endpoint.empty()) return;
  if (batch_.size() >= kMostWaiting) {
    dropped_.Add();
    return;
  }
  batch_.push_back(std::move(span));
}

Awaitable<void> SpanExporter::Run() {
  if (context_.options.otlp_endpoint.empty()) co_return;
  const std::array<std::pair<std::string, std::string>, 2> resource{
      {{"service.name", "strata"}, {"service.version", STRATA_VERSION}}};
  Promise<std::monostate> never(context_.loop);
  for (;;) {
    if (batch_.size() < kMostInBatch) (void)co_await never.Wait(kPause);
    if (batch_.empty()) continue;
    const auto spans = std::exchange(batch_, {});
    auto sent = co_await Send(telemetry::EncodeSpans(resource, spans));
    if (sent) {
      sent_.Add(spans.size());
      continue;
    }
    dropped_.Add(spans.size());
    context_.log.Warn("spans were dropped", {{"error", sent.error().message}});
  }
}

Task<void> SpanExporter::Send(std::string body) {
  auto endpoint = http::ParseEndpoint(context_.options.otlp_endpoint);
  if (!endpoint) co_return std::unexpected(endpoint.error());
  http::ClientRequest request;
  request.method = "POST";
  request.target = "/v1/traces";
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  auto answer = co_await http::Fetch(context_.loop, std::move(*endpoint), std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status / 100 != 2) {
    co_return Fail(Errc::kUnavailable, "the collector answered " + std::to_string(answer->status));
  }
  co_return Result<void>{};
}

}  // namespace strata::manager
