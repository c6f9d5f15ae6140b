#include "keeper/drivers.h"

#include <utility>

namespace strata::keeper {

Drivers::Drivers(Loop& loop, Start start, TryClassFn try_class)
    : start_(std::move(start)), try_class_(std::move(try_class)), turns_(loop, 1) {}

Task<sandbox::Driver*> Drivers::Of(model::Class sandbox_class) {
  if (const auto found = drivers_.find(sandbox_class); found != drivers_.end()) {
    co_return found->second.get();
  }
  ++trying_;
  auto made = co_await Make(sandbox_class);
  --trying_;
  co_return made;
}

Task<sandbox::Driver*> Drivers::Make(model::Class sandbox_class) {
  const auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  // Whoever had the turn before may have wanted the same.
  if (const auto found = drivers_.find(sandbox_class); found != drivers_.end()) {
    co_return found->second.get();
  }
  if (!worker_) {
    auto worker = sandbox::Worker::Start(sandbox::WorkerMounts::kShared);
    if (!worker) co_return std::unexpected(std::move(worker).error());
    worker_ = std::move(*worker);
  }
  std::move_only_function<Result<MakeDriverFn>()> job = [this, sandbox_class] {
    return try_class_(sandbox_class, start_);
  };
  auto make = co_await worker_->Run<MakeDriverFn>(std::move(job));
  if (!make) co_return std::unexpected(std::move(make).error());
  auto driver = (*make)();
  if (!driver) co_return std::unexpected(std::move(driver).error());
  co_return drivers_.emplace(sandbox_class, std::move(*driver)).first->second.get();
}

}  // namespace strata::keeper
