// keeper/service/service_door.h - a service as one line sees it, and what that line's cell tells of
// it.
//
//   a cell --line--> remote::Server --Dial, OnBusy--> [ Service::Door ] --> Service
//                                   <--on_retire----- (kept connections are not to be used again)
//
// There is one for each Attach. Autoscaler is asked with the sum of what all doors tell; uses()
// says whether a line may be told that a full service has no more, or is to get connections of
// others'. Only for service*.cc.
//
// Threads:  the keeper's loop. Lifetime: keeps its service, which knows it for as long as it lives;
//           gone with its line, and then what that line was busy with counts no longer.
// Errors:   Dial: as service.h says. Tested by service_connections_test.cc, service_scale_test.cc.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include "keeper/service/service.h"

namespace strata::keeper {

class Service::Door final : public sandbox::remote::Dialler {
 public:
  explicit Door(std::shared_ptr<Service> service) : service_(std::move(service)) {
    service_->doors_.insert(this);
  }
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;
  ~Door() override {
    service_->doors_.erase(this);
    if (requests_ == 0) return;
    service_->served_ = service_->clock_.Now();  // its requests have ended with it
    service_->LookNow();
  }

  Task<Connection> Dial(std::chrono::milliseconds patience) override {
    return service_->Dial(patience, *this);
  }

  void OnBusy(const sandbox::remote::Busy& busy) override {
    requests_ = static_cast<double>(busy.mean_milli) / kMilli;
    const Duration idle = std::chrono::milliseconds(std::min(busy.idle_ms, kMostIdleMs));
    idle_since_ = service_->clock_.Now() - idle;
    service_->LookNow();
  }

  // Connections that this line has, or will have.
  [[nodiscard]] const std::shared_ptr<std::size_t>& uses() const noexcept { return uses_; }

  // Connections of this line are given back after the request that each has now.
  void Retire() const {
    if (on_retire) on_retire();
  }

  // At once, in the mean, over this line's connections.
  [[nodiscard]] double requests() const noexcept { return requests_; }
  [[nodiscard]] TimePoint idle_since() const noexcept { return idle_since_; }

 private:
  static constexpr double kMilli = 1000;
  static constexpr std::uint64_t kMostIdleMs = 10'000;  // a cell tells it every second

  const std::shared_ptr<Service> service_;
  const std::shared_ptr<std::size_t> uses_ = std::make_shared<std::size_t>(0);
  double requests_ = 0;
  TimePoint idle_since_;
};

}  // namespace strata::keeper
