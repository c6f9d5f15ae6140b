#include "scheduler/placing/node_index.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace strata::scheduler {
namespace {

constexpr std::uint32_t kNoNode = UINT32_MAX;

}  // namespace

NodeIndex::NodeIndex(std::vector<Node> nodes) : nodes_(std::move(nodes)) {
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    const auto same = std::ranges::find_if(groups_, [this, i](const Group& group) {
      const Node& first = nodes_[group.nodes.front()];
      return first.classes == nodes_[i].classes && first.cores == nodes_[i].cores &&
             first.price == nodes_[i].price;
    });
    const auto group = static_cast<std::uint32_t>(same - groups_.begin());
    if (same == groups_.end()) groups_.emplace_back();
    place_.emplace_back(group, static_cast<std::uint32_t>(groups_[group].nodes.size()));
    groups_[group].nodes.push_back(i);
  }
  candidates_.resize(groups_.size());
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    Group& group = groups_[i];
    while (group.leaves < group.nodes.size()) group.leaves *= 2;
    group.best.assign(2 * group.leaves, kNoNode);
    std::ranges::copy(group.nodes, group.best.begin() + static_cast<std::ptrdiff_t>(group.leaves));
    for (std::size_t at = group.leaves - 1; at > 0; --at) {
      group.best[at] = Roomier(group.best[2 * at], group.best[2 * at + 1]);
    }
    Refresh(i);
  }
}

std::uint32_t NodeIndex::Roomier(std::uint32_t a, std::uint32_t b) const {
  if (b == kNoNode) return a;
  return nodes_[a].free_memory < nodes_[b].free_memory ? b : a;
}

void NodeIndex::Refresh(std::size_t group) { candidates_[group] = nodes_[groups_[group].best[1]]; }

void NodeIndex::Update(std::size_t group, std::size_t leaf) {
  Group& of = groups_[group];
  for (std::size_t at = (of.leaves + leaf) / 2; at > 0; at /= 2) {
    of.best[at] = Roomier(of.best[2 * at], of.best[2 * at + 1]);
  }
  Refresh(group);
}

std::optional<std::uint32_t> NodeIndex::Reserve(model::Class sandbox_class, Bytes memory) {
  std::uint32_t best = kNoNode;
  const auto rank = [this](std::uint32_t node) {
    const Node& of = nodes_[node];
    return std::tuple(of.price, ~of.free_memory.count, node);
  };
  for (const Group& group : groups_) {
    const std::uint32_t node = group.best[1];
    if (!nodes_[node].classes.Has(sandbox_class) || nodes_[node].free_memory < memory) continue;
    if (best == kNoNode || rank(node) < rank(best)) best = node;
  }
  if (best == kNoNode) return std::nullopt;
  nodes_[best].free_memory.count -= memory.count;
  Update(place_[best].first, place_[best].second);
  return best;
}

void NodeIndex::Release(std::uint32_t node, Bytes memory) {
  nodes_[node].free_memory = nodes_[node].free_memory + memory;
  Update(place_[node].first, place_[node].second);
}

}  // namespace strata::scheduler
