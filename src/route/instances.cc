#include "route/instances.h"

#include <boost/asio/redirect_error.hpp>

#include "base/check.h"

namespace strata::route {

Task<InstanceSet::Lease> InstanceSet::Acquire(Duration patience) {
  if (!idle_.empty()) {
    std::unique_ptr<Instance> instance = std::move(idle_.back());
    idle_.pop_back();
    ++leased_;
    co_return Lease(*this, std::move(instance));
  }
  if (leased_ < max_) {
    ++leased_;
    co_return Lease(*this, nullptr);
  }
  Waiter waiter{Timer(loop_.get_executor()), false, nullptr};
  waiter.timer.expires_after(patience);
  const auto place = waiters_.insert(waiters_.end(), &waiter);
  boost::system::error_code ignored;
  co_await waiter.timer.async_wait(asio::redirect_error(kAwait, ignored));
  if (!waiter.granted) {
    waiters_.erase(place);
    co_return Fail(Errc::kDeadlineExceeded, "every sandbox of the service is busy");
  }
  co_return Lease(*this, std::move(waiter.instance));
}

void InstanceSet::Add(std::unique_ptr<Instance> instance) {
  STRATA_CHECK(size() < max_);
  idle_.push_back(std::move(instance));
}

void InstanceSet::Return(std::unique_ptr<Instance> instance) {
  if (!waiters_.empty()) {
    // The place goes straight to the one that waits longest: leased_ stays.
    Waiter& next = *waiters_.front();
    waiters_.pop_front();
    next.granted = true;
    next.instance = std::move(instance);
    next.timer.cancel();
    return;
  }
  --leased_;
  if (instance) idle_.push_back(std::move(instance));
}

}  // namespace strata::route
