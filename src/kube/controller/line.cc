#include "kube/controller/line.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/redirect_error.hpp>

namespace strata::kube::controller {
namespace {

constexpr Duration kFirstPause = std::chrono::seconds(1);

}  // namespace

Line::Line(Loop& loop, Duration longest)
    : longest_(longest), wake_(loop.get_executor(), Timer::time_point::max()) {}

void Line::Add(std::string key) {
  due_.insert(std::move(key));
  wake_.cancel();
}

Awaitable<void> Line::Wait() {
  while (due_.empty()) {
    boost::system::error_code woken;
    co_await wake_.async_wait(asio::redirect_error(kAwait, woken));
  }
}

std::string Line::Next() {
  auto next = due_.upper_bound(last_);
  if (next == due_.end()) next = due_.begin();
  last_ = std::move(due_.extract(next).value());
  return last_;
}

void Line::Done(const std::string& key) { pauses_.erase(key); }

std::optional<Duration> Line::Failed(const std::string& key) {
  if (!paused_.insert(key).second) return std::nullopt;
  Duration& next = pauses_.try_emplace(key, kFirstPause).first->second;
  return std::exchange(next, std::min(2 * next, longest_));
}

void Line::Retry(std::string key) {
  paused_.erase(key);
  Add(std::move(key));
}

}  // namespace strata::kube::controller
