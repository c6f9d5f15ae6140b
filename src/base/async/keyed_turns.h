// base/async/keyed_turns.h - Turns for each of many keys: one coroutine of a loop at a time for a
// key, first come first served, and those of different keys beside each other.
//
//   auto turn = co_await turns.Take("shop");   // held until destroyed
//
// A key costs nothing once nobody has it or waits for it. Lifetime: outlives every turn and every
// wait for one. A cancelled wait fails with kUnavailable. Tested by keyed_turns_test.cc.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/async/task.h"
#include "base/async/turns.h"

namespace strata {

class KeyedTurns {
  struct Queue {
    explicit Queue(Loop& loop) : turns(loop, 1) {}
    Turns turns;
    std::size_t users = 0;  // who has it or waits for it
  };
  using Queues = std::map<std::string, Queue, std::less<>>;

  // Keeps a queue there.
  class Use {
   public:
    Use(Queues& queues, Queues::iterator at) : queues_(&queues), at_(at) { ++at_->second.users; }
    Use(Use&& other) noexcept : queues_(std::exchange(other.queues_, nullptr)), at_(other.at_) {}
    Use& operator=(Use&&) = delete;
    ~Use() {
      if (queues_ != nullptr && --at_->second.users == 0) queues_->erase(at_);
    }

   private:
    Queues* queues_;
    Queues::iterator at_;
  };

 public:
  // Gives the turn back when destroyed. Move-only.
  class Turn {
   public:
    Turn(Use use, Turns::Turn turn) : use_(std::move(use)), turn_(std::move(turn)) {}

   private:
    Use use_;  // goes last
    Turns::Turn turn_;
  };

  explicit KeyedTurns(Loop& loop) : loop_(loop) {}

  Task<Turn> Take(std::string key) {
    const auto at = queues_.try_emplace(std::move(key), loop_).first;
    Use use(queues_, at);
    auto turn = co_await at->second.turns.Take();
    if (!turn) co_return std::unexpected(std::move(turn).error());
    co_return Turn(std::move(use), *std::move(turn));
  }

  // Whether somebody has the turn of `key` or waits for it.
  [[nodiscard]] bool Taken(std::string_view key) const { return queues_.contains(key); }

 private:
  Loop& loop_;
  Queues queues_;
};

}  // namespace strata
