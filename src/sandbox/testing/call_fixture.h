// sandbox/testing/call_fixture.h - an HTTP exchange without a connection, for tests that call
// sandboxes: a body that a test feeds, a sink that records.
//
//   CallFixture fixture(loop);
//   fixture.body.Push("hello").End();
//   auto exit = fixture.Run(sandbox.Invoke(fixture.call));
//   fixture.sink.text();
//
// Threads: one loop, which Run drives until the task has ended.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/exchange.h"
#include "sandbox/driver.h"

namespace strata::sandbox::testing {

// A timer as an event: Wait ends when somebody calls Notify, or the wait is cancelled.
class Condition {
 public:
  explicit Condition(Loop& loop);
  void Notify() { timer_.cancel(); }
  // False: the waiting coroutine was cancelled.
  Awaitable<bool> Wait();

 private:
  Timer timer_;
};

// A request body. Never ends by itself: call End, or Fail.
class FakeBody final : public http::BodySource {
 public:
  explicit FakeBody(Loop& loop) : changed_(loop) {}

  FakeBody& Push(std::string_view bytes);
  FakeBody& End();
  // Every read from now on fails with this.
  FakeBody& Fail(Error error);

  Result<std::size_t> TryRead(std::span<std::byte> to) override;
  [[nodiscard]] bool ended() const noexcept override { return ended_ && pending_.empty(); }
  Task<void> Readable() override;

  // A waiter is inside Readable: it must be gone when Invoke has returned.
  [[nodiscard]] bool awaited() const noexcept { return awaited_; }

 private:
  Condition changed_;
  std::string pending_;
  std::optional<Error> error_;
  bool ended_ = false;
  bool awaited_ = false;
};

// A response that takes `capacity` bytes before it is full; Writable empties it.
class RecordingSink final : public http::ResponseSink {
 public:
  explicit RecordingSink(Loop& loop) : changed_(loop) {}

  void set_capacity(std::size_t capacity) { capacity_ = capacity; }
  // Nobody reads any more: a full sink stays full, until Drain.
  void Stall() { stalled_ = true; }
  void Drain();
  // The client went away: everything fails from now on.
  void Break();

  Result<void> Head(http::ResponseHead head) override;
  Result<std::size_t> TryWrite(std::span<const std::byte> from) override;
  Task<void> Writable() override;
  [[nodiscard]] bool head_sent() const noexcept override { return head_.has_value(); }

  [[nodiscard]] std::uint16_t status() const { return head_ ? head_->status : 0; }
  // The value of a field by its lower-case name; empty when absent.
  [[nodiscard]] std::string header(std::string_view name) const;
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::size_t waits() const noexcept { return waits_; }
  [[nodiscard]] bool awaited() const noexcept { return awaited_; }

 private:
  Condition changed_;
  std::optional<http::ResponseHead> head_;
  std::string text_;
  std::size_t capacity_ = 64 * 1024;
  std::size_t buffered_ = 0;
  std::size_t waits_ = 0;
  bool stalled_ = false;
  bool broken_ = false;
  bool awaited_ = false;
};

class FakeExchange final : public http::Exchange {
 public:
  explicit FakeExchange(Loop& loop) : body_source(loop), response_sink(loop) {}

  [[nodiscard]] const http::RequestHead& head() const noexcept override { return request; }
  http::BodySource& body() override { return body_source; }
  http::ResponseSink& sink() override { return response_sink; }
  Result<void> LimitBody(Bytes) override { return {}; }
  [[nodiscard]] bool client_gone() const noexcept override { return gone; }

  http::RequestHead request;
  FakeBody body_source;
  RecordingSink response_sink;
  bool gone = false;
};

// Records what sandboxes log.
class RecordingLog final : public LogSink {
 public:
  struct Line {
    Stream stream;
    std::string text;
    friend bool operator==(const Line&, const Line&) = default;
  };
  void Write(Stream stream, std::string_view text) override {
    lines.push_back({stream, std::string(text)});
  }
  std::vector<Line> lines;
};

class CallFixture {
 public:
  // The deadline is a minute from the clock's Now.
  CallFixture(Loop& loop, const Clock& clock, std::string_view method = "POST",
              std::string_view target = "/");

  // Runs the loop until `task` has ended.
  template <typename T>
  Result<T> Run(Task<T> task) {
    return RunTask(loop_, std::move(task));
  }

  template <typename T>
  static Result<T> RunTask(Loop& loop, Task<T> task) {
    std::optional<Result<T>> outcome;
    asio::co_spawn(loop.get_executor(), std::move(task),
                   [&outcome](const std::exception_ptr& error, Result<T> result) {
                     if (error) std::rethrow_exception(error);
                     outcome.emplace(std::move(result));
                   });
    loop.restart();
    while (!outcome && loop.run_one() > 0) {
    }
    return std::move(outcome).value();
  }

 private:
  Loop& loop_;
  std::vector<http::Header> headers_;

 public:
  FakeExchange exchange;
  FakeBody& body = exchange.body_source;
  RecordingSink& sink = exchange.response_sink;
  Call call;
};

// Runs `action` on the loop after `delay` of real time. For driving a test from beside the guest;
// no assertion may depend on how long it took.
void After(Loop& loop, std::chrono::milliseconds delay, std::function<void()> action);

}  // namespace strata::sandbox::testing
