// route/answer/mirror.h - shadow traffic: a copy of a request that is run beside it, and whether
// the two answers are alike.
//
//   client's exchange --CopyingExchange--> the real call      (nothing waits for the copy)
//                             \-- RequestCopy, when that has ended --ShadowExchange--> the other
//
// The copy is made of what passes anyway: the body as the guest reads it, the answer as it leaves.
// It is run when the real call is over, if the body was whole and no longer than kMirrorBody; its
// answer is hashed and dropped. So it cannot delay, change or fail the real one, but it takes its
// share of the process, and up to half of what may run at once of what it is sent to.
//
// Threads: one loop. Lifetime: a copy owns its text. Tested by mirror_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "http/exchange.h"
#include "http/message.h"
#include "route/plan/hash.h"

namespace strata::route {

inline constexpr Bytes kMirrorBody = 64_KiB;
inline constexpr std::uint64_t kMostMirrored = 16;  // at once, in one process

// An answer, as far as it is compared. The hash (FNV-1a) tells what differs by chance; a guest that
// wants to hide a difference can.
struct AnswerSeen {
  std::uint16_t status = 0;
  std::uint64_t length = 0;
  std::uint64_t hash = kHashSeed;
  bool whole = true;

  void Add(std::span<const std::byte> bytes) noexcept;
  friend bool operator==(const AnswerSeen&, const AnswerSeen&) = default;
};

// A request that outlives its connection.
class RequestCopy {
 public:
  explicit RequestCopy(const http::RequestHead& head);
  RequestCopy(const RequestCopy&) = delete;
  RequestCopy& operator=(const RequestCopy&) = delete;
  ~RequestCopy() = default;

  [[nodiscard]] const http::RequestHead& head() const noexcept { return head_; }
  std::string body;

 private:
  std::string method_, target_, host_, scheme_, peer_;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::vector<http::Header> headers_;  // views of fields_
  http::RequestHead head_;             // views of the rest
};

// The client's exchange, watched: what is read of it goes into `copy`, too.
class CopyingExchange final : public http::Exchange {
 public:
  CopyingExchange(http::Exchange& exchange, RequestCopy& copy)
      : exchange_(exchange), body_(exchange.body(), copy), sink_(exchange.sink(), answer_) {}

  [[nodiscard]] const http::RequestHead& head() const noexcept override { return exchange_.head(); }
  http::BodySource& body() override { return body_; }
  http::ResponseSink& sink() override { return sink_; }
  Result<void> LimitBody(Bytes limit) override { return exchange_.LimitBody(limit); }
  Task<Fd> TakeOver() override {
    answer_.whole = false;  // what follows is no answer
    return exchange_.TakeOver();
  }
  [[nodiscard]] bool client_gone() const noexcept override { return exchange_.client_gone(); }

  // The whole request was copied, and its answer was seen to its end.
  [[nodiscard]] bool complete() const noexcept { return answer_.whole && body_.copied(); }
  [[nodiscard]] const AnswerSeen& answer() const noexcept { return answer_; }

 private:
  class Body final : public http::BodySource {
   public:
    Body(http::BodySource& from, RequestCopy& copy) : from_(from), copy_(copy) {}
    Result<std::size_t> TryRead(std::span<std::byte> to) override;
    [[nodiscard]] bool ended() const noexcept override { return from_.ended(); }
    Task<void> Readable() override { return from_.Readable(); }
    [[nodiscard]] bool copied() const noexcept { return from_.ended() && !too_long_; }

   private:
    http::BodySource& from_;
    RequestCopy& copy_;
    bool too_long_ = false;
  };

  class Sink final : public http::ResponseSink {
   public:
    Sink(http::ResponseSink& to, AnswerSeen& seen) : to_(to), seen_(seen) {}
    Result<void> Head(http::ResponseHead head) override;
    Result<std::size_t> TryWrite(std::span<const std::byte> from) override;
    Task<void> Writable() override { return to_.Writable(); }
    [[nodiscard]] bool head_sent() const noexcept override { return to_.head_sent(); }
    void Abort() noexcept override;

   private:
    http::ResponseSink& to_;
    AnswerSeen& seen_;
  };

  http::Exchange& exchange_;
  AnswerSeen answer_;
  Body body_;
  Sink sink_;
};

// The copy as an exchange whose client takes everything and forgets it.
class ShadowExchange final : public http::Exchange {
 public:
  explicit ShadowExchange(const RequestCopy& copy) : copy_(copy), body_(copy.body) {}

  [[nodiscard]] const http::RequestHead& head() const noexcept override { return copy_.head(); }
  http::BodySource& body() override { return body_; }
  http::ResponseSink& sink() override { return sink_; }
  Result<void> LimitBody(Bytes limit) override;
  [[nodiscard]] bool client_gone() const noexcept override { return false; }

  [[nodiscard]] const AnswerSeen& answer() const noexcept { return sink_.seen; }

 private:
  class Body final : public http::BodySource {
   public:
    explicit Body(const std::string& text) : text_(text) {}
    Result<std::size_t> TryRead(std::span<std::byte> to) override;
    [[nodiscard]] bool ended() const noexcept override { return at_ == text_.size(); }
    Task<void> Readable() override { co_return Result<void>{}; }

   private:
    const std::string& text_;
    std::size_t at_ = 0;
  };

  struct Sink final : public http::ResponseSink {
    Result<void> Head(http::ResponseHead head) override;
    Result<std::size_t> TryWrite(std::span<const std::byte> from) override;
    Task<void> Writable() override { co_return Result<void>{}; }
    [[nodiscard]] bool head_sent() const noexcept override { return seen.status != 0; }
    void Abort() noexcept override { seen.whole = false; }

    AnswerSeen seen;
  };

  const RequestCopy& copy_;
  Body body_;
  Sink sink_;
};

}  // namespace strata::route
