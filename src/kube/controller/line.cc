#include "kube/controller/line.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/redirect_error.hpp>

namespace strata::kube::controller {
namespace {

constexpr Duration kFirstPause = std::chrono::seconds(1);

bool IsNoEdit(const std::string& edition, const std::string& failed) {
  return edition.empty() || edition == failed;
}

}  // namespace

void Line::Add(std::string key, const std::string& edition) {
  const auto paused = paused_.find(key);
  if (paused != paused_.end() && IsNoEdit(edition, paused->second)) return;
  std::string& last = due_[std::move(key)];
  if (!edition.empty()) last = edition;
  in_hand_.changed.cancel();
}

Awaitable<void> Line::Wait() {
  while (FindNext() == due_.end()) {
    boost::system::error_code woken;
    co_await in_hand_.changed.async_wait(asio::redirect_error(kAwait, woken));
  }
}

Line::Editions::const_iterator Line::FindNext() const {
  const auto is_free = [this](const auto& due) { return !in_hand_.keys.contains(due.first); };
  const auto next = std::find_if(due_.upper_bound(last_), due_.end(), is_free);
  return next != due_.end() ? next : std::ranges::find_if(due_, is_free);
}

std::string Line::Next() {
  last_ = std::move(due_.extract(FindNext()).key());
  in_hand_.keys.insert(last_);
  return last_;
}

void Line::PutDown(const std::string& key) {
  in_hand_.keys.erase(key);
  in_hand_.changed.cancel();
}

void Line::Done(const std::string& key) {
  PutDown(key);
  pauses_.erase(key);
  paused_.erase(key);
}

std::optional<Duration> Line::Failed(const std::string& key, const std::string& edition) {
  PutDown(key);
  // What has happened meanwhile is as what happens within the pause.
  const auto due = due_.find(key);
  if (due != due_.end() && IsNoEdit(due->second, edition)) due_.erase(due);
  if (!paused_.insert_or_assign(key, edition).second) return std::nullopt;
  Duration& next = pauses_.try_emplace(key, kFirstPause).first->second;
  return std::exchange(next, std::min(2 * next, longest_));
}

void Line::Retry(std::string key) {
  paused_.erase(key);
  Add(std::move(key));
}

}  // namespace strata::kube::controller
