// base/lines/ranked_line.h - a bounded priority queue of who waits; first come first served within
// a rank.
//
// `Rank` is an enum whose values count from 0; the highest goes first.
//
// Threads: one. Lifetime: outlives the places in it. Tested by ranked_line_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

namespace strata {

template <typename Waiting, typename Rank, std::size_t kRanks>
class RankedLine {
  using Peers = std::list<Waiting>;

 public:
  // Where one waits; valid until it is taken or leaves.
  struct Place {
    Rank rank;
    typename Peers::iterator at;
  };

  explicit RankedLine(std::size_t most) : most_(most) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bool full() const noexcept { return size_ >= most_; }

  Place Join(Rank rank, Waiting waiting) {
    Peers& peers = Of(rank);
    ++size_;
    return {rank, peers.insert(peers.end(), std::move(waiting))};
  }
  void Leave(const Place& place) {
    Of(place.rank).erase(place.at);
    --size_;
  }

  // The next. Not to be called on an empty line, nor is Take.
  [[nodiscard]] const Waiting& front() const { return First(ranks_).front(); }
  Waiting Take() {
    Peers& peers = First(ranks_);
    Waiting first = std::move(peers.front());
    peers.pop_front();
    --size_;
    return first;
  }

  // Takes out the youngest of the lowest rank if that is below `rank`.
  std::optional<Waiting> TakeBelow(Rank rank) {
    for (Peers& peers : ranks_ | std::views::take(static_cast<std::size_t>(rank))) {
      if (peers.empty()) continue;
      std::optional<Waiting> last(std::move(peers.back()));
      peers.pop_back();
      --size_;
      return last;
    }
    return std::nullopt;
  }

  // Takes the oldest of each rank out for as long as `may_go` says so of them; but of the highest
  // rank in which any wait the youngest stays.
  std::vector<Waiting> TakeOldest(const auto& may_go) {
    std::vector<Waiting> taken;
    std::size_t stay = 1;
    for (Peers& peers : ranks_ | std::views::reverse) {
      if (peers.empty()) continue;
      while (peers.size() > stay && may_go(std::as_const(peers.front()))) {
        taken.push_back(std::move(peers.front()));
        peers.pop_front();
        --size_;
      }
      stay = 0;
    }
    return taken;
  }

 private:
  static auto& First(auto& ranks) {
    auto at = ranks.rbegin();
    while (at->empty()) ++at;
    return *at;
  }
  Peers& Of(Rank rank) { return ranks_[static_cast<std::size_t>(rank)]; }

  const std::size_t most_;
  std::array<Peers, kRanks> ranks_;  // the oldest first
  std::size_t size_ = 0;
};

}  // namespace strata
