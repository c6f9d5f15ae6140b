#include "cell/private_handler.h"

#include <utility>

#include "http/problem.h"
#include "route/answer/answer.h"

namespace strata::cell {
namespace {

// Cuts the next segment off `rest`, which starts with '/' and keeps doing so (or becomes empty).
std::string_view TakeSegment(std::string_view& rest) {
  if (!rest.starts_with('/')) return {};
  const std::size_t end = rest.find_first_of("/?", 1);
  const std::string_view segment = rest.substr(1, end == std::string_view::npos ? end : end - 1);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  return segment;
}

}  // namespace

Result<PrivateTarget> ParsePrivateTarget(std::string_view target) {
  PrivateTarget parsed;
  const std::string_view first = TakeSegment(target);
  if (first == "functions") {
    parsed.tenant = TakeSegment(target);
    if (parsed.tenant.empty()) return Fail(Errc::kNotFound, "the path names no tenant");
  } else if (first == "sandboxes") {
    parsed.kind = PrivateTarget::Kind::kSandbox;
  } else {
    return Fail(Errc::kNotFound, "the path begins with neither /functions nor /sandboxes");
  }
  parsed.name = TakeSegment(target);
  if (parsed.name.empty()) return Fail(Errc::kNotFound, "the path names no function or sandbox");
  parsed.rest = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return parsed;
}

Result<route::RequestPath::Direct> PrivateHandler::Resolve(const http::RequestHead& head,
                                                           const PrivateTarget& target) const {
  route::RequestPath::Direct direct;
  if (target.kind == PrivateTarget::Kind::kSandbox) {
    auto found = sandboxes_.Find(target.name);
    if (!found) return std::unexpected(std::move(found).error());
    direct.function = std::move(found->function);
    direct.sandbox = std::move(found->set);
  } else {
    const auto& plan = path_.plan();
    const std::uint32_t index =
        plan ? plan->IndexOf(target.tenant, target.name) : route::FunctionId::kNone;
    if (index == route::FunctionId::kNone) {
      return Fail(Errc::kNotFound, "there is no function " + std::string(target.tenant) + "/" +
                                       std::string(target.name));
    }
    direct.function = plan->functions()[index];
  }
  direct.target = target.rest;
  if (const auto name = http::FindHeader(head.headers, "strata-export")) {
    if (head.method != "POST" || name->empty()) {
      return Fail(Errc::kInvalidArgument, "a typed call is a POST that names its export");
    }
    direct.export_name = *name;
  }
  return direct;
}

Awaitable<void> PrivateHandler::Handle(http::Exchange& exchange) {
  const auto target = ParsePrivateTarget(exchange.head().target);
  if (!target) {
    http::Problem problem = http::ProblemFor(target.error());
    co_await route::SendProblem(exchange.sink(), std::move(problem));
    co_return;
  }
  auto direct = Resolve(exchange.head(), *target);
  if (!direct) {
    http::Problem problem = http::ProblemFor(direct.error());
    co_await route::SendProblem(exchange.sink(), std::move(problem));
    co_return;
  }
  co_await path_.HandleDirect(exchange, std::move(*direct));
  if (target->kind == PrivateTarget::Kind::kSandbox) {
    sandboxes_.AfterCall(std::string(target->name));
  }
}

}  // namespace strata::cell
