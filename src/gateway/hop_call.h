// gateway/hop_call.h - one request over one connection to a host cell, HTTP/1.1: head and body out,
// the answer back, both streaming under back-pressure.
//
//   client's exchange <-- [ HopCall ] --> HopConnection --> host cell
//
// The cell's answer is parsed as strictly as a client's request: it may come from an engine that a
// guest has broken out of.
//
// Threads: the loop's. Lifetime: borrowed parts outlive Run. Once. Tested by hop_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/async/task.h"
#include "cell/hop_field.h"
#include "gateway/endpoint.h"
#include "http/exchange.h"
#include "http/parse/chunked.h"
#include "http/parse/head_scanner.h"
#include "http/parse/response_parser.h"
#include "sandbox/call/helper.h"
#include "sandbox/wake_event.h"

namespace strata::gateway {

// How a request over one connection ended.
enum class HopFate : std::uint8_t {
  kAnswered,     // the cell's answer went on to the client, or as much of it as came or was wanted
  kUnprocessed,  // the cell has not seen any of it, and nothing of the body is used: try another
  kLeft,         // the client went away before the cell had seen any of it
  kLost,         // the cell went away with the request and without an answer
  kBadAnswer,    // what the cell said is no answer
  kBadBody,      // the client did not bring its body: body_error()
  kTooLate,      // no answer by the deadline
};

class HopCall {
 public:
  HopCall(Loop& loop, HopConnection& connection, http::Exchange& exchange, http::ResponseSink& sink,
          TimePoint due);
  HopCall(const HopCall&) = delete;
  HopCall& operator=(const HopCall&) = delete;

  Awaitable<HopFate> Run(const cell::HopField& field);

  // Looks whether the client is still there; if not, the call ends, which the cell sees.
  void CheckClient() noexcept;

  // After Run: the connection may carry another request.
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }
  [[nodiscard]] const std::optional<Error>& body_error() const noexcept { return body_error_; }

 private:
  // What the answer waits for.
  enum class Step : std::uint8_t { kDone, kBytes, kRoom };

  void Prepare(const cell::HopField& field);
  Awaitable<HopFate> Answer();
  Awaitable<bool> SendAll(std::string_view bytes);
  Awaitable<void> Feed();

  // These do what can be done without waiting.
  Step Advance();
  Step PassHead();
  Step PassBody();
  bool DecodePart();
  Step End(HopFate fate);
  Step CutOff();
  [[nodiscard]] HopFate WithoutAnswer(const Result<std::size_t>& got) const;

  Loop& loop_;
  HopConnection& connection_;
  http::Exchange& exchange_;
  http::ResponseSink& sink_;
  const TimePoint due_;
  // The request.
  bool chunked_ = false;
  bool body_sent_ = false;  // all of it
  // It has no body: unread bytes of it are of its head, and without that no cell begins.
  bool repeatable_ = false;
  std::optional<Error> body_error_;
  // The answer.
  http::HeadScanner scanner_{http::kAnswerHead};
  bool answered_ = false;  // at least a byte came
  bool head_passed_ = false;
  bool keep_alive_ = false;
  http::BodyEnd body_ = http::BodyEnd::kNone;
  std::uint64_t left_ = 0;  // of a sized body
  http::ChunkDecoder decoder_;
  std::string_view pending_;  // of connection_.decoded: the client had no room for it yet
  HopFate fate_ = HopFate::kAnswered;
  bool reusable_ = false;
  sandbox::WakeEvent event_;
  sandbox::Helper feed_;
};

}  // namespace strata::gateway
