#include "http/exchange_io.h"

#include <array>
#include <utility>

#include "base/text/byte_view.h"

namespace strata::http {

Task<std::string> ReadAll(Exchange& exchange, Bytes limit) {
  std::string text;
  if (auto limited = exchange.LimitBody(limit); !limited) {
    co_return std::unexpected(std::move(limited).error());
  }
  BodySource& body = exchange.body();
  text.reserve(exchange.head().content_length.value_or(0));
  std::array<std::byte, 8192> piece;
  while (!body.ended()) {
    auto n = body.TryRead(piece);
    if (!n) co_return std::unexpected(std::move(n).error());
    text.append(reinterpret_cast<const char*>(piece.data()), *n);
    if (*n != 0 || body.ended()) continue;
    auto more = co_await body.Readable();
    if (!more) co_return std::unexpected(std::move(more).error());
  }
  co_return text;
}

Task<void> WriteAll(ResponseSink& sink, std::span<const std::byte> from) {
  while (!from.empty()) {
    auto n = sink.TryWrite(from);
    if (!n) co_return std::unexpected(std::move(n).error());
    from = from.subspan(*n);
    if (*n != 0) continue;
    auto room = co_await sink.Writable();
    if (!room) co_return room;
  }
  co_return Result<void>{};
}

Task<void> Answer(ResponseSink& sink, ResponseHead head, std::string body) {
  head.headers.emplace_back("Content-Length", std::to_string(body.size()));
  auto done = sink.Head(std::move(head));
  if (done) done = co_await WriteAll(sink, AsBytes(body));
  co_return done;
}

Task<void> Answer(ResponseSink& sink, std::uint16_t status, std::string_view content_type,
                  std::string body) {
  ResponseHead head{.status = status};
  head.headers.emplace_back("Content-Type", content_type);
  return Answer(sink, std::move(head), std::move(body));
}

Task<void> AnswerProblem(ResponseSink& sink, Problem problem) {
  const std::string body = ProblemBody(problem);
  auto done = sink.Head(ProblemHead(problem, body.size()));
  if (done) done = co_await WriteAll(sink, AsBytes(body));
  co_return done;
}

}  // namespace strata::http
