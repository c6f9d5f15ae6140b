// http/body.h - the body of the request being answered: Content-Length or chunked, read on demand.
// Nothing is read ahead of the handler, so a slow handler slows its client (back-pressure).
//
// Reused for every request of a connection. `Expect: 100-continue` is answered when the handler
// first asks for bytes that are not here. Errors are those of exchange.h and stay: after one, every
// TryRead fails with it. Threads: on the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/clock.h"
#include "http/exchange.h"
#include "http/parse/chunked.h"
#include "http/parse/input_buffer.h"
#include "http/parse/parser.h"
#include "http/server/response_writer.h"
#include "http/transport.h"

namespace strata::http {

class RequestBody final : public BodySource {
 public:
  // `timeout`: the longest pause between two pieces. `writer` sends the 100.
  RequestBody(Transport& transport, InputBuffer& input, ResponseWriter& writer, Duration timeout)
      : transport_(transport), input_(input), writer_(writer), timeout_(timeout) {}

  // Starts the body of a request whose head was just consumed from the input.
  void Begin(const RequestHead& head, const RequestFraming& framing, Bytes limit);

  Result<std::size_t> TryRead(std::span<std::byte> to) override;
  [[nodiscard]] bool ended() const noexcept override { return ended_; }
  Task<void> Readable() override;

  // Lowers the limit; see Exchange::LimitBody.
  Result<void> Limit(Bytes limit);

  // Reads and drops what the handler left, if that is little. True when the input now stands at the
  // next request, false when the connection must be closed.
  Awaitable<bool> Discard();

  // False when the answer should announce that the connection will be closed: the rest is large, or
  // the client still waits for a 100 that will not come.
  [[nodiscard]] bool cheap_to_discard() const noexcept;

  [[nodiscard]] bool complete() const noexcept { return ended_ && !failed_; }
  [[nodiscard]] const std::optional<Error>& failed() const noexcept { return failed_; }

 private:
  Result<std::size_t> ReadSized(std::span<std::byte> to);
  Result<std::size_t> ReadChunked(std::span<std::byte> to);
  Result<void> FillInput();
  std::unexpected<Error> Broken(Errc code, std::string message);
  void SendContinue();

  Transport& transport_;
  InputBuffer& input_;
  ResponseWriter& writer_;
  Duration timeout_;

  bool chunked_ = false;
  bool ended_ = true;
  bool expect_continue_ = false;
  std::uint64_t left_ = 0;   // of a sized body: bytes not handed out
  std::uint64_t total_ = 0;  // bytes handed out
  std::uint64_t limit_ = 0;
  std::size_t turn_bytes_ = 0;  // handed out since the loop last ran something else
  ChunkDecoder decoder_;
  std::optional<Error> failed_;
};

}  // namespace strata::http
