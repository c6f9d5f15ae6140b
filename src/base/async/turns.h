// base/async/turns.h - lets at most N coroutines of one loop through at a time, first come first
// served.
//
//   auto turn = co_await turns.Take();   // held until destroyed
//
// For what hurts when too much of it happens at once (runtimes that start), or two of it at all (N
// of 1: the manager's changes). KeyedTurns (keyed_turns.h) has a line for each key.
//
// Threads:  one loop. Lifetime: outlives every turn. Errors: a cancelled wait fails with
//           kUnavailable.
// Tested through those who take turns: sandbox/oci, manager.
#pragma once

#include <cstddef>
#include <utility>

#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/async/task.h"

namespace strata {

class Turns {
 public:
  // Gives the turn back when destroyed. Move-only.
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(&turns) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->free_.try_receive([](boost::system::error_code) {});
    }

   private:
    Turns* turns_;
  };

  Turns(Loop& loop, std::size_t at_once) : free_(loop.get_executor(), at_once) {}

  Task<Turn> Take() {
    boost::system::error_code failed;
    co_await free_.async_send(boost::system::error_code{}, asio::redirect_error(kAwait, failed));
    if (failed) co_return Fail(Errc::kUnavailable, "stopping");
    co_return Turn(*this);
  }

 private:
  // Holds one token for each turn that is taken; sending waits while it is full.
  asio::experimental::channel<Executor, void(boost::system::error_code)> free_;
};

}  // namespace strata
