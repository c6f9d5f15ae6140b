#include "measure/run.h"

#include <algorithm>
#include <utility>

#include "measure/rows.h"

namespace strata::measure {
namespace {

constexpr std::chrono::seconds kQuickBudget{150};
constexpr std::chrono::seconds kFullBudget{1110};
constexpr unsigned kMostFailures = 3;  // in a row

// In the order of the table, each once.
std::vector<const Kind*> Kinds() {
  std::vector<const Kind*> kinds;
  for (const Row& row : Rows()) {
    if (row.kind == nullptr || std::ranges::find(kinds, row.kind) != kinds.end()) continue;
    kinds.push_back(row.kind);
  }
  return kinds;
}

// One kind in one place.
struct Task {
  const Kind* kind;
  unsigned turns;       // that are left
  Duration longest{};   // that a turn took
  unsigned failed = 0;  // turns in a row
  unsigned next = 1;    // turn that it may take
  std::string lacking;  // what went wrong the last time that something did
};

struct Site {
  Place* place;
  std::vector<Task> tasks;
  std::vector<Series> rows;

  Series& RowOf(std::string_view row) {
    return *std::ranges::find(rows, row,
                              [](const Series& each) { return std::string_view(each.row); });
  }
};

Site MakeSite(Place& place, Depth depth) {
  Site site{.place = &place, .tasks = {}, .rows = {}};
  for (const Kind* kind : Kinds()) {
    const unsigned turns = depth == Depth::kQuick ? kind->quick_turns : kind->full_turns;
    site.tasks.push_back({.kind = kind, .turns = turns, .longest = {}, .lacking = {}});
  }
  for (const Row& row : Rows()) {
    if (row.kind == nullptr) continue;
    site.rows.push_back({.row = std::string(row.id),
                         .in = place.name(),
                         .unit = std::string(row.unit),
                         .samples = {},
                         .lacking = {}});
  }
  return site;
}

class Runner {
 public:
  Runner(std::span<Place* const> places, const Clock& clock, const RunOptions& options)
      : clock_(clock), options_(options), start_(clock.Now()) {
    for (Place* each : places) sites_.push_back(MakeSite(*each, options.depth));
  }
  ~Runner() {
    for (Site& site : sites_) Clear(*site.place);
  }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  Result<std::vector<Series>> Go() {
    for (Site& site : sites_) Prepare(site);
    for (unsigned turn = 1; More() && !Stopped(); ++turn) {
      for (std::size_t i = 0; i < sites_.size() && !Stopped(); ++i) {
        Take(sites_[turn % 2 == 1 ? i : sites_.size() - 1 - i], turn);
      }
    }
    if (Stopped()) return Fail(Errc::kUnavailable, "stopped; nothing was recorded");
    return Rows();
  }

 private:
  // What an earlier run that was killed may have left, too.
  static void Clear(Place& place) {
    static_cast<void>(place.Run(0));
    for (const Program each : {Program::kHello, Program::kYardstick}) {
      static_cast<void>(place.Remove(each));
    }
  }

  void Prepare(Site& site) {
    if (Stopped()) return;
    Clear(*site.place);
    auto there = site.place->Deploy(Program::kYardstick);
    if (there) return;
    for (Task& each : site.tasks) {
      each.turns = 0;
      each.lacking = there.error().message;
    }
  }

  [[nodiscard]] bool Stopped() const { return options_.stopped && options_.stopped(); }
  [[nodiscard]] Duration passed() const { return clock_.Now() - start_; }

  [[nodiscard]] bool More() const {
    return std::ranges::any_of(sites_, [](const Site& site) {
      return std::ranges::any_of(site.tasks, [](const Task& task) { return task.turns > 0; });
    });
  }

  void Take(Site& site, unsigned turn) {
    for (Task& task : site.tasks) {
      if (task.turns == 0 || turn < task.next || Stopped()) continue;
      if (passed() + task.longest > options_.budget) {
        task.turns = 0;
        if (turn == 1) task.lacking = "there was no time left for it";
        continue;
      }
      if (options_.on_progress) {
        options_.on_progress({.turn = turn,
                              .in = site.place->name(),
                              .kind = task.kind,
                              .passed = passed(),
                              .budget = options_.budget});
      }
      const TimePoint began = clock_.Now();
      auto samples = task.kind->measure(*site.place, options_.depth);
      task.longest = std::max(task.longest, clock_.Now() - began);
      --task.turns;
      if (!samples) {
        const bool never = samples.error().code == Errc::kUnsupported;
        if (never || ++task.failed == kMostFailures) task.turns = 0;
        // Later, and then much later: what is in its way may go.
        task.next = turn + (1U << task.failed);
        task.lacking = (never ? "" : "a turn failed: ") + samples.error().message;
        continue;
      }
      task.failed = 0;
      for (const Sample& each : *samples) site.RowOf(each.row).samples.push_back(each.value);
    }
  }

  std::vector<Series> Rows() {
    std::vector<Series> rows;
    for (Site& site : sites_) {
      for (Series& series : site.rows) {
        const Kind* kind = FindRow(series.row)->kind;
        series.lacking = std::ranges::find(site.tasks, kind, &Task::kind)->lacking;
        if (series.samples.empty() && series.lacking.empty()) {
          series.lacking = kind->quick_turns == 0 ? "is not part of a --quick run"
                                                  : "there is nothing of the kind here";
        }
        rows.push_back(std::move(series));
      }
    }
    return rows;
  }

  const Clock& clock_;
  const RunOptions& options_;
  const TimePoint start_;
  std::vector<Site> sites_;
};

}  // namespace

Duration BudgetOf(Depth depth) noexcept {
  return depth == Depth::kQuick ? kQuickBudget : kFullBudget;
}

Result<std::vector<Series>> Run(std::span<Place* const> places, const Clock& clock,
                                const RunOptions& options) {
  return Runner(places, clock, options).Go();
}

}  // namespace strata::measure
