// scheduler/placing/node_index.h - an index of nodes by free memory: which has room, without
// looking at each.
//
//   Choose <-- Candidates() -- [ NodeIndex ] <-- Reserve(), Release()
//
// Nodes that have the same classes, processors and price form a group, and each group keeps its
// nodes' free memory in a tree of maxima: the roomiest is known at once, a change takes steps like
// the logarithm of the nodes. There are as many groups as there are kinds of machines, so a few.
// Threads: one. Tested by node_index_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "model/values.h"
#include "scheduler/placing/strategy.h"

namespace strata::scheduler {

class NodeIndex {
 public:
  // Nodes are called by their place in `nodes` from now on.
  explicit NodeIndex(std::vector<Node> nodes);

  // The roomiest node of each group: Choose says of these what it would say of all nodes. Until the
  // next Reserve() or Release().
  [[nodiscard]] std::span<const Node> Candidates() const noexcept { return candidates_; }

  // Takes `memory` of the cheapest node that has the class and as much free, of these the roomiest,
  // and of equals the first. Nothing: there is none.
  std::optional<std::uint32_t> Reserve(model::Class sandbox_class, Bytes memory);

  // Of one that Reserve() gave.
  [[nodiscard]] double PriceOf(std::uint32_t node) const noexcept { return nodes_[node].price; }

  // Gives back what Reserve() took of that node.
  void Release(std::uint32_t node, Bytes memory);

 private:
  struct Group {
    std::vector<std::uint32_t> nodes;  // in their order
    std::vector<std::uint32_t> best;   // tree: of each half, which of `nodes` is roomiest
    std::size_t leaves = 1;
  };
  void Update(std::size_t group, std::size_t leaf);
  [[nodiscard]] std::uint32_t Roomier(std::uint32_t a, std::uint32_t b) const;
  void Refresh(std::size_t group);

  std::vector<Node> nodes_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> place_;  // of a node: group, leaf
  std::vector<Group> groups_;
  std::vector<Node> candidates_;  // of each group
};

}  // namespace strata::scheduler
