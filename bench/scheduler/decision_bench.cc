// How long a decision takes: 10,000 different workloads with figures of their own, 100 nodes, all
// in memory, asked for in random order. Prints the distribution in microseconds.
//
//   decision_bench [ROUNDS]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "scheduler/placing/strategy.h"

namespace strata::bench {
namespace {

using scheduler::Node;
using scheduler::Option;
using scheduler::Question;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kWorkloads = 10'000;
constexpr std::size_t kNodes = 100;
constexpr int kRounds = 10;

struct Workload {
  Question question;
  std::vector<Option> options;
};

class Maker {
 public:
  Workload MakeWorkload() {
    Workload made;
    made.question.function = Pick(4) != 0;
    made.question.requires_ = {Level(), Level(), Level()};
    made.question.memory = Bytes::MiB(16 + Any(240));
    made.question.cells = 8;
    if (Pick(2) == 0) made.question.slo.p99 = std::chrono::milliseconds(50 + Pick(1000));
    if (Pick(2) == 0) made.question.slo.qps = 1U + static_cast<std::uint32_t>(Pick(100));
    if (Pick(2) == 0) made.question.slo.availability = 990'000;
    if (Pick(2) == 0) made.question.budget.cents = 100U + static_cast<std::uint32_t>(Pick(1000));
    constexpr std::array kCosts = {1.0, 8.0, 80.0, 200.0};  // CPU time of a call, ms
    for (std::size_t i = 0; i < kCosts.size(); ++i) {
      Option option{.sandbox_class = static_cast<model::Class>(i),
                    .variant = i > 0 || Pick(2) == 0,
                    .lacking = "",
                    .withheld = "",
                    .pool = "unpacked image",
                    .figures = std::nullopt};
      option.figures = {.p50_ms = kCosts[i],
                        .mean_ms = kCosts[i],
                        .p99_ms = kCosts[i] * (1 + Pick(3)),
                        .cold_start_ms = kCosts[i] * 10,
                        .cpu_ms = kCosts[i],
                        .busy_ms = kCosts[i],
                        .memory_mib = 10.0 + Pick(100),
                        .failures = scheduler::FailureRate{.rate = Pick(3) / 1e3, .calls = 1e4},
                        .source = "its own calls"};
      made.options.push_back(std::move(option));
    }
    return made;
  }
  Node MakeNode(std::size_t number) {
    Node node{.name = "node-" + std::to_string(number),
              .free_memory = Bytes::MiB(Any(65'536)),
              .classes = {},
              .cores = 8.0 * (1 + Pick(4)),
              .price = (1 + Pick(4)) / 4.0};
    for (const model::Class each : model::kClasses) {
      if (each != model::Class::kContainerInMicrovm && Pick(2) == 0) node.classes.Add(each);
    }
    return node;
  }
  std::size_t Any(std::size_t below) {
    return static_cast<std::size_t>(Pick(static_cast<int>(below)));
  }

 private:
  int Pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  model::Level Level() { return static_cast<model::Level>(Pick(6) == 0 ? 2 : Pick(2)); }
  std::mt19937 random_{1};
};

void Run(int rounds) {
  Maker maker;
  std::vector<Workload> workloads;
  for (std::size_t i = 0; i < kWorkloads; ++i) workloads.push_back(maker.MakeWorkload());
  std::vector<Node> nodes;
  for (std::size_t i = 0; i < kNodes; ++i) nodes.push_back(maker.MakeNode(i));
  std::vector<double> took;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < kWorkloads * static_cast<std::size_t>(rounds); ++i) {
    const Workload& workload = workloads[maker.Any(kWorkloads)];
    const auto start = SteadyClock::now();
    const auto placement = scheduler::Choose(workload.question, workload.options, nodes);
    took.push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - start).count());
    if (!placement) ++refused;
  }
  std::ranges::sort(took);
  const auto at = [&took](double share) {
    return took[static_cast<std::size_t>(share * static_cast<double>(took.size() - 1))];
  };
  std::printf("decisions %zu, refused %zu: p50 %.2f us, p99 %.2f us, p99.9 %.2f us, max %.2f us\n",
              took.size(), refused, at(0.5), at(0.99), at(0.999), took.back());
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) {
  strata::bench::Run(argc > 1 ? std::atoi(argv[1]) : strata::bench::kRounds);
}
