// The API's view of the server itself.
#include <string>

#include "api/server.h"
#include "measure/record.h"
#include "model/rules.h"

namespace strata::api {
Awaitable<void> ApiServer::Health(Context& context) {
  const Json body{{"status", "ok"}};
  co_await Reply(context, 200, body);
}

Awaitable<void> ApiServer::Metrics(Context& context) {
  const std::string text = manager_.Metrics();
  co_await ReplyText(context, "text/plain; version=0.0.4; charset=utf-8", text);
}

Awaitable<void> ApiServer::OpenApi(Context& context) {
  co_await ReplyText(context, "application/json", OpenApiDocument());
}

Awaitable<void> ApiServer::Status(Context& context) {
  Json body = manager_.Status();
  if (!listen_.empty()) body["apiListen"] = listen_;
  co_await Reply(context, 200, body);
}

Awaitable<void> ApiServer::Probe(Context& context) {
  auto body = co_await manager_.Probe();
  if (!body) co_return co_await ReplyError(context, body.error());
  co_await Reply(context, 200, *body);
}

Awaitable<void> ApiServer::Top(Context& context) {
  const Json body = manager_.Top();
  co_await Reply(context, 200, body);
}

Awaitable<void> ApiServer::Cost(Context& context) {
  auto known = context.OnlyParameters({"namespace", "by"});
  if (known && context.query.contains("namespace")) {
    const auto problem = model::DnsLabelProblem(context.Text("namespace"));
    if (problem) known = Fail(Errc::kInvalidArgument, "query parameter namespace " + *problem);
  }
  if (!known) co_return co_await ReplyError(context, known.error());
  std::string tenant = context.Text("namespace");
  std::string by = context.Text("by", "workload");
  const auto body = co_await manager_.Cost(std::move(tenant), std::move(by));
  if (!body) co_return co_await ReplyError(context, body.error());
  co_await Reply(context, 200, *body);
}

Awaitable<void> ApiServer::GetModels(Context& context) {
  auto good = context.OnlyParameters({"namespace", "name"});
  for (const char* each : {"namespace", "name"}) {
    if (!good || !context.query.contains(each)) continue;
    const auto problem = model::DnsLabelProblem(context.Text(each));
    if (problem) {
      good = Fail(Errc::kInvalidArgument, std::string("query parameter ") + each + " " + *problem);
    }
  }
  if (!good) co_return co_await ReplyError(context, good.error());
  const Json body = manager_.GetModels(context.Text("namespace"), context.Text("name"));
  co_await Reply(context, 200, body);
}

Awaitable<void> ApiServer::GetMeasurements(Context& context) {
  const Json body = manager_.GetMeasurements();
  co_await Reply(context, 200, body);
}

Awaitable<void> ApiServer::PutMeasurements(Context& context) {
  auto record = co_await ReadJson(context, measure::kMostRecord);
  if (!record) co_return;
  if (auto put = manager_.PutMeasurements(*record); !put) {
    co_return co_await ReplyError(context, put.error());
  }
  const Json body = manager_.GetMeasurements();
  co_await Reply(context, 200, body);
}

Awaitable<void> ApiServer::Down(Context& context) {
  const Json body{{"status", "stopping"}};
  co_await Reply(context, 202, body);
  down_();
}

}  // namespace strata::api
