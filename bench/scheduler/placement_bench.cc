// How long a placement takes from being asked for to its sandbox being there, when 34,722 are asked
// for each second (3e9 a day) of 10,000 nodes, at random: the decisions are made and timed one
// after the other, here; the queue before them and the creations after them are on a virtual clock.
// Prints both distributions in milliseconds, and the decisions' own in microseconds.
//
//   placement_bench RECORD [SECONDS]          RECORD: what `strata measure --record` wrote
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/files/files.h"
#include "base/random.h"
#include "base/text/json.h"
#include "scheduler/placing/node_index.h"
#include "scheduler/placing/strategy.h"
#include "scheduler/record.h"
#include "scheduler/simulate/costs.h"
#include "scheduler/simulate/generator.h"

namespace strata::bench {
namespace {

using scheduler::Node;
using SteadyClock = std::chrono::steady_clock;

constexpr double kPerSecond = 34'722;
constexpr std::uint32_t kNodes = 10'000;
constexpr std::size_t kLive =
    1'000'000;  // sandboxes at once; then the oldest goes for each new one

double Uniform(SeededRandom& random) {
  return (static_cast<double>(random.Next() >> 12) + 0.5) / static_cast<double>(1ULL << 52);
}

std::vector<Node> MakeNodes() {
  std::vector<Node> nodes;
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    nodes.push_back({.name = "node-" + std::to_string(i),
                     .free_memory = Bytes::MiB(65'536),
                     .classes = scheduler::ClassSet::All()});
  }
  return nodes;
}

void Print(const char* what, std::vector<double>& values) {
  std::ranges::sort(values);
  const auto at = [&values](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  };
  std::printf("%s: p50 %.3f, p99 %.3f, p99.9 %.3f, p99.999 %.3f, max %.3f\n", what, at(0.5),
              at(0.99), at(0.999), at(0.99999), values.back());
}

void Run(const scheduler::Record& record, const scheduler::simulate::Costs& costs, double seconds) {
  const scheduler::simulate::Generator functions({.functions = 100'000, .calls = 1});
  scheduler::NodeIndex index(MakeNodes());
  std::deque<std::pair<std::uint32_t, Bytes>> live;
  SeededRandom random(1);
  std::vector<double> decision_us;
  std::vector<double> decided_ms;
  std::vector<double> there_ms;
  double asked_ms = 0;
  double free_ms = 0;  // when the scheduler has done what was asked for before
  const auto operations = static_cast<std::size_t>(seconds * kPerSecond);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < operations; ++i) {
    asked_ms -= std::log(Uniform(random)) * 1e3 / kPerSecond;
    const auto& function = functions.functions()[random.Below(functions.functions().size())];
    const bool wasm = random.Below(2) == 0;
    const auto start = SteadyClock::now();
    std::vector<scheduler::Option> options;
    const scheduler::Figures own{.mean_ms = function.work_ms, .p99_ms = function.work_p99_ms};
    for (const auto& [sandbox_class, prior] : record) {
      options.push_back({.sandbox_class = sandbox_class,
                         .variant = wasm || sandbox_class != model::Class::kWasm,
                         .figures = Beside(prior, own)});
    }
    const scheduler::Question question{
        .requires_ = function.requires_, .slo = function.slo, .memory = function.memory};
    const auto placed = Choose(question, options, index.Candidates());
    const auto node = placed ? index.Reserve(placed->sandbox_class, function.memory) : std::nullopt;
    if (node) live.emplace_back(*node, function.memory);
    if (live.size() > kLive) {
      index.Release(live.front().first, live.front().second);
      live.pop_front();
    }
    const double took_ms =
        std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
    free_ms = std::max(free_ms, asked_ms) + took_ms;
    decision_us.push_back(1e3 * took_ms);
    decided_ms.push_back(free_ms - asked_ms);
    if (!node) {
      ++refused;
      continue;
    }
    const Duration creation = costs.Creation(placed->sandbox_class, Uniform(random));
    there_ms.push_back(free_ms - asked_ms +
                       std::chrono::duration<double, std::milli>(creation).count());
  }
  std::printf("%zu operations at %.0f/s, %u nodes, %zu refused\n", operations, kPerSecond, kNodes,
              refused);
  Print("decision, us", decision_us);
  Print("asked for to decided, ms", decided_ms);
  Print("asked for to sandbox there, ms", there_ms);
}

Result<scheduler::Record> Load(const char* file) {
  auto text = ReadFile(file, Bytes::MiB(1));
  if (!text) return std::unexpected(std::move(text).error());
  auto json = ParseJson(*text);
  if (!json) return std::unexpected(std::move(json).error());
  return scheduler::ReadRecord(*json);
}

int Main(const char* file, double seconds) {
  const auto record = Load(file);
  if (!record) {
    std::fprintf(stderr, "%s\n", record.error().message.c_str());
    return 1;
  }
  const auto costs = scheduler::simulate::CostsOf(*record);
  if (!costs) {
    std::fprintf(stderr, "%s\n", costs.error().message.c_str());
    return 1;
  }
  Run(*record, *costs, seconds);
  return 0;
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: placement_bench RECORD [SECONDS]\n");
    return 2;
  }
  return strata::bench::Main(argv[1], argc > 2 ? std::atof(argv[2]) : 30);
}
