#include "scheduler/placing/node_index.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace strata::scheduler {
namespace {

using model::Class;

std::vector<Node> Nodes(std::size_t count, SeededRandom& random) {
  const std::array<ClassSet, 5> some = {ClassSet{},
                                        {Class::kWasm},
                                        {Class::kContainer},
                                        {Class::kWasm, Class::kContainer},
                                        {Class::kAppkernel}};
  std::vector<Node> nodes;
  for (std::size_t i = 0; i < count; ++i) {
    nodes.push_back({.name = "node-" + std::to_string(i),
                     .free_memory = Bytes::MiB(random.Below(64)),
                     .classes = some[random.Below(some.size())],
                     .cores = 1.0 + static_cast<double>(random.Below(2)),
                     .price = random.Below(2) == 0 ? 1 : 0.5});
  }
  return nodes;
}

// By looking at every node.
std::optional<std::uint32_t> Best(const std::vector<Node>& nodes, Class sandbox_class,
                                  Bytes memory) {
  std::optional<std::uint32_t> best;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].classes.Has(sandbox_class) || nodes[i].free_memory < memory) continue;
    if (!best || nodes[i].price < nodes[*best].price ||
        (nodes[i].price == nodes[*best].price && nodes[*best].free_memory < nodes[i].free_memory)) {
      best = i;
    }
  }
  return best;
}

TEST(NodeIndexTest, AnswersAsLookingAtEveryNodeWould) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SeededRandom random(seed);
    std::vector<Node> nodes = Nodes(1 + random.Below(40), random);
    NodeIndex index(nodes);
    std::vector<std::pair<std::uint32_t, Bytes>> taken;
    for (int i = 0; i < 300; ++i) {
      if (!taken.empty() && random.Below(3) == 0) {
        const auto [node, memory] = taken.back();
        taken.pop_back();
        index.Release(node, memory);
        nodes[node].free_memory = nodes[node].free_memory + memory;
        continue;
      }
      const auto sandbox_class = static_cast<Class>(random.Below(3));
      const Bytes memory = Bytes::MiB(random.Below(20));
      const auto node = index.Reserve(sandbox_class, memory);
      ASSERT_EQ(node, Best(nodes, sandbox_class, memory));
      if (!node) continue;
      nodes[*node].free_memory.count -= memory.count;
      taken.emplace_back(*node, memory);
    }
  }
}

TEST(NodeIndexTest, ChooseSaysOfTheCandidatesWhatItSaysOfAllNodes) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    const std::vector<Node> nodes = Nodes(1 + random.Below(60), random);
    const NodeIndex index(nodes);
    const Figures figures{.mean_ms = 1, .p99_ms = 1, .cpu_ms = 1, .busy_ms = 1, .memory_mib = 1};
    const std::vector<Option> options = {{Class::kWasm, true, "", "", "", figures},
                                         {Class::kContainer, true, "", "", "", figures}};
    Question question{.memory = Bytes::MiB(random.Below(70)), .cells = 2};
    if (random.Below(2) == 0) question.slo.qps = 1000;  // two processors
    const auto of_all = Choose(question, options, nodes);
    const auto of_few = Choose(question, options, index.Candidates());
    ASSERT_EQ(of_all.has_value(), of_few.has_value());
    if (!of_all) continue;
    EXPECT_EQ(of_all->sandbox_class, of_few->sandbox_class);
    // Which of equals it is, is nobody's concern.
    const auto named = [&nodes](const std::string& name) -> const Node& {
      return *std::ranges::find(nodes, name, &Node::name);
    };
    const Node& one = named(of_all->node);
    const Node& other = named(of_few->node);
    EXPECT_EQ(one.price, other.price);
    EXPECT_EQ(one.free_memory, other.free_memory);
    EXPECT_LE(index.Candidates().size(), 20U);
  }
}

TEST(NodeIndexTest, NoNodeIsNoRoom) {
  NodeIndex index({});
  EXPECT_FALSE(index.Reserve(Class::kWasm, Bytes{}).has_value());
  EXPECT_TRUE(index.Candidates().empty());
}

}  // namespace
}  // namespace strata::scheduler
