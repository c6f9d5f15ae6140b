// http/server/response_writer.h - the answer being sent: its head, framing and bytes, through one
// bounded send buffer per connection.
//
//   Handler --> [ ResponseWriter: head | length or chunks | buffer ] --> Transport
//
// Small answers leave with one send, together with the answers to pipelined requests before them.
// Large pieces go to the kernel without a copy as far as it takes them. A client that does not
// read leaves TryWrite at 0 and memory at the buffer's bound.
//
// Reused for every request of a connection. Threads: on the loop. Errors: exchange.h.
// Tested by http/server/response_writer_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/exchange.h"
#include "http/parse/parser.h"
#include "http/server/date_cache.h"
#include "http/transport.h"

namespace strata::http {

class ResponseWriter final : public ResponseSink {
 public:
  // Asked when the head is written: may the connection serve another request after this one?
  class KeepAlivePolicy {
   public:
    [[nodiscard]] virtual bool MayKeepAlive() const noexcept = 0;

   protected:
    ~KeepAlivePolicy() = default;
  };

  // `timeout`: the longest time without progress while the client does not read.
  ResponseWriter(Transport& transport, const KeepAlivePolicy& policy, const DateCache& date,
                 Duration timeout)
      : transport_(transport), policy_(policy), date_(date), timeout_(timeout) {}

  // Starts the answer to the next request.
  void Begin(const RequestHead& request, const RequestFraming& framing);

  Result<void> Head(ResponseHead head) override;
  Result<std::size_t> TryWrite(std::span<const std::byte> from) override;
  Task<void> Writable() override;
  [[nodiscard]] bool head_sent() const noexcept override { return head_sent_; }
  void Abort() noexcept override { aborted_ = true; }

  // Sends "100 Continue", unless the final head is already on its way.
  void Continue();

  // Ends the answer. True when the client can tell where it ends and was not told of a close.
  bool Finish();

  // Sends what the kernel takes now.
  Result<void> TryFlush();
  [[nodiscard]] bool pending() const noexcept { return sent_ != out_.size(); }
  [[nodiscard]] bool gave_up() const noexcept { return gave_up_; }  // the client did not read
  [[nodiscard]] std::size_t pending_bytes() const noexcept { return out_.size() - sent_; }

 private:
  enum class Framing : std::uint8_t { kNoBody, kLength, kChunked, kUntilClose };

  Result<std::optional<std::uint64_t>> CheckHead(const ResponseHead& head) const;
  void ChooseFraming(std::uint16_t status, std::optional<std::uint64_t> length);
  void AppendHead(const ResponseHead& head, std::optional<std::uint64_t> length);
  Result<void> Push(std::span<const std::string_view> parts);

  Transport& transport_;
  const KeepAlivePolicy& policy_;
  const DateCache& date_;
  Duration timeout_;

  std::string out_;  // bytes not yet taken by the kernel, from sent_ on
  std::size_t sent_ = 0;
  std::size_t turn_bytes_ = 0;  // taken since the loop last ran something else

  Framing framing_ = Framing::kNoBody;
  std::uint64_t left_ = 0;  // of a kLength body
  bool head_request_ = false;
  bool http10_ = false;
  bool head_sent_ = false;
  bool keep_alive_ = true;
  bool aborted_ = false;
  bool gave_up_ = false;
};

}  // namespace strata::http
