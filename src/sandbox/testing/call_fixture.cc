#include "sandbox/testing/call_fixture.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include <boost/asio/as_tuple.hpp>

namespace strata::sandbox::testing {

Condition::Condition(Loop& loop) : timer_(loop.get_executor(), Timer::time_point::max()) {}

// Both Notify and cancellation end the timer's wait by an error; only the coroutine's own state
// tells them apart.
Awaitable<bool> Condition::Wait() {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await timer_.async_wait(asio::as_tuple(kAwait));
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() == asio::cancellation_type::none;
}

FakeBody& FakeBody::Push(std::string_view bytes) {
  pending_.append(bytes);
  changed_.Notify();
  return *this;
}

FakeBody& FakeBody::End() {
  ended_ = true;
  changed_.Notify();
  return *this;
}

FakeBody& FakeBody::Fail(Error error) {
  error_ = std::move(error);
  changed_.Notify();
  return *this;
}

Result<std::size_t> FakeBody::TryRead(std::span<std::byte> to) {
  if (error_) return std::unexpected(*error_);
  const std::size_t count = std::min(to.size(), pending_.size());
  std::memcpy(to.data(), pending_.data(), count);
  pending_.erase(0, count);
  return count;
}

Task<void> FakeBody::Readable() {
  awaited_ = true;
  bool uncancelled = true;
  while (uncancelled && pending_.empty() && !ended_ && !error_) {
    uncancelled = co_await changed_.Wait();
  }
  awaited_ = false;
  if (!uncancelled) co_return strata::Fail(Errc::kUnavailable, "cancelled");
  if (error_) co_return std::unexpected(*error_);
  co_return Result<void>();
}

void RecordingSink::Drain() {
  stalled_ = false;
  changed_.Notify();
}

void RecordingSink::Break() {
  broken_ = true;
  changed_.Notify();
}

Result<void> RecordingSink::Head(http::ResponseHead head) {
  if (broken_) return Fail(Errc::kUnavailable, "client gone");
  if (head_) return Fail(Errc::kFailedPrecondition, "second response head");
  head_ = std::move(head);
  return {};
}

Result<std::size_t> RecordingSink::TryWrite(std::span<const std::byte> from) {
  if (broken_) return Fail(Errc::kUnavailable, "client gone");
  const std::size_t count = std::min(from.size(), capacity_ - buffered_);
  text_.append(reinterpret_cast<const char*>(from.data()), count);
  buffered_ += count;
  return count;
}

Task<void> RecordingSink::Writable() {
  ++waits_;
  awaited_ = true;
  bool uncancelled = true;
  while (uncancelled && stalled_ && !broken_) uncancelled = co_await changed_.Wait();
  awaited_ = false;
  if (!uncancelled) co_return Fail(Errc::kUnavailable, "cancelled");
  if (broken_) co_return Fail(Errc::kUnavailable, "client gone");
  buffered_ = 0;
  co_return Result<void>();
}

std::string RecordingSink::header(std::string_view name) const {
  if (!head_) return {};
  const auto found = std::ranges::find(head_->headers, name,
                                       [](const auto& h) { return std::string_view(h.first); });
  return found == head_->headers.end() ? std::string() : found->second;
}

CallFixture::CallFixture(Loop& loop, const Clock& clock, std::string_view method,
                         std::string_view target)
    : loop_(loop),
      headers_{{"Host", "test.example:8080"}},
      exchange(loop),
      call{.head = exchange.request,
           .body = exchange.body_source,
           .sink = exchange.response_sink,
           .deadline = clock.Now() + std::chrono::minutes(1),
           .exchange = &exchange} {
  auto& head = exchange.request;
  head.method = method;
  head.target = target;
  const std::size_t query = target.find('?');
  head.path = target.substr(0, query);
  if (query != std::string_view::npos) head.query = target.substr(query + 1);
  head.host = "test.example";
  head.scheme = "http";
  head.peer = "unix";
  head.headers = headers_;
}

void After(Loop& loop, std::chrono::milliseconds delay, std::function<void()> action) {
  auto timer = std::make_shared<Timer>(loop.get_executor(), delay);
  timer->async_wait([timer, action = std::move(action)](const boost::system::error_code& error) {
    if (!error) action();
  });
}

}  // namespace strata::sandbox::testing
