#include "api/context.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "base/text/byte_view.h"
#include "base/text/strings.h"
#include "http/exchange_io.h"
#include "http/problem.h"

namespace strata::api {
namespace {

http::ResponseHead HeadFor(std::uint16_t status, std::string_view type, std::size_t size) {
  return {status, {{"Content-Type", std::string(type)}, {"Content-Length", std::to_string(size)}}};
}

bool IsJson(std::string_view type) {
  std::string media = Lower(type.substr(0, type.find(';')));
  while (media.ends_with(' ')) media.pop_back();
  return media == "application/json";
}

}  // namespace

std::string Parameters::Text(const std::string& name, std::string otherwise) const {
  const auto found = query.find(name);
  if (found == query.end()) return otherwise;
  return found->second;
}

Result<bool> Parameters::Boolean(const std::string& name, bool otherwise) const {
  const auto found = query.find(name);
  if (found == query.end()) return otherwise;
  if (found->second == "true") return true;
  if (found->second == "false") return false;
  return Fail(Errc::kInvalidArgument,
              "query parameter " + name + " must be true or false, not '" + found->second + "'");
}

Result<std::uint64_t> Parameters::Number(const std::string& name, std::uint64_t otherwise,
                                         std::uint64_t most) const {
  const auto found = query.find(name);
  if (found == query.end()) return otherwise;
  std::uint64_t value = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [stopped, error] = std::from_chars(found->second.data(), end, value);
  if (error != std::errc() || stopped != end || value > most) {
    return Fail(Errc::kInvalidArgument, "query parameter " + name + " must be a number up to " +
                                            std::to_string(most) + ", not '" + found->second + "'");
  }
  return value;
}

Result<void> Parameters::OnlyParameters(std::span<const std::string_view> known) const {
  std::vector<std::string> names;
  for (const auto& [name, value] : query) names.push_back(name);
  for (const auto& [name, values] : lists) names.push_back(name);
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return Fail(Errc::kInvalidArgument,
                "unknown query parameter '" + name + "'" + DidYouMean(name, known));
  }
  return {};
}

std::vector<std::string> Parameters::List(const std::string& name) const {
  const auto found = lists.find(name);
  return found == lists.end() ? std::vector<std::string>() : found->second;
}

Awaitable<std::optional<std::string>> ReadBody(Context& context, Bytes limit) {
  auto text = co_await http::ReadAll(context.exchange, limit);
  if (text) co_return std::move(*text);
  // What these codes mean elsewhere (retry later, the guest took too long) would mislead here.
  if (text.error().code == Errc::kResourceExhausted) {
    co_await ReplyProblem(context, 413, Errc::kInvalidArgument, text.error().message);
  } else if (text.error().code == Errc::kDeadlineExceeded) {
    co_await ReplyProblem(context, 408, Errc::kDeadlineExceeded, text.error().message);
  } else {
    co_await ReplyError(context, text.error());
  }
  co_return std::nullopt;
}

Awaitable<std::optional<Json>> ReadJson(Context& context, Bytes limit) {
  const auto type = http::FindHeader(context.exchange.head().headers, "content-type");
  if (!type || !IsJson(*type)) {
    co_await ReplyProblem(context, 415, Errc::kInvalidArgument,
                          "Content-Type must be application/json");
    co_return std::nullopt;
  }
  auto text = co_await ReadBody(context, limit);
  if (!text) co_return std::nullopt;
  auto json = ParseJson(*text, limit);
  if (json) co_return std::move(*json);
  co_await ReplyError(context, json.error());
  co_return std::nullopt;
}

Awaitable<void> ReplyWith(Context& context, http::ResponseHead head, std::string_view body) {
  // Fails when there is a head already or the client is gone: then there is nobody to tell.
  if (!context.exchange.sink().Head(std::move(head))) co_return;
  (void)co_await http::WriteAll(context.exchange.sink(), AsBytes(body));
}

bool IsCount(const Json& value) {
  if (!value.is_number()) return false;
  const auto number = value.get<double>();
  return number >= 0 && number <= std::numeric_limits<std::uint32_t>::max() &&
         number == std::floor(number);
}

Awaitable<void> Reply(Context& context, std::uint16_t status, const Json& body) {
  const std::string text = DumpJson(body) + "\n";
  co_await ReplyWith(context, HeadFor(status, "application/json", text.size()), text);
}

Awaitable<void> ReplyText(Context& context, std::string_view type, std::string_view body) {
  co_await ReplyWith(context, HeadFor(200, type, body.size()), body);
}

Awaitable<void> ReplyEmpty(Context& context, std::uint16_t status) {
  http::ResponseHead head{status, {}};
  co_await ReplyWith(context, std::move(head), {});
}

Awaitable<void> ReplyError(Context& context, const Error& error) {
  const http::Problem problem = http::ProblemFor(error);
  const std::string body = http::ProblemBody(problem);
  co_await ReplyWith(context, http::ProblemHead(problem, body.size()), body);
}

Awaitable<void> ReplyProblem(Context& context, std::uint16_t status, Errc code, std::string detail,
                             std::string allow) {
  http::Problem problem;
  problem.status = status;
  problem.detail = std::move(detail);
  problem.extra["code"] = ErrcName(code);
  const std::string body = http::ProblemBody(problem);
  http::ResponseHead head = http::ProblemHead(problem, body.size());
  if (!allow.empty()) head.headers.emplace_back("Allow", std::move(allow));
  co_await ReplyWith(context, std::move(head), body);
}

Result<void> StreamHead(Context& context, std::string_view type) {
  return context.exchange.sink().Head(
      {200, {{"Content-Type", std::string(type)}, {"Cache-Control", "no-store"}}});
}

Awaitable<bool> StreamPiece(Context& context, std::string_view piece) {
  auto written = co_await http::WriteAll(context.exchange.sink(), AsBytes(piece));
  if (!written) co_return false;
  // Pushes it out: followers want lines now, not when a buffer is full.
  auto pushed = co_await context.exchange.sink().Writable();
  co_return pushed.has_value();
}

}  // namespace strata::api
