#include "scheduler/ways.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace strata::scheduler {
namespace {

using model::Level;

// What would do if it alone gave way, as the manifest would have to say it.
class Ways {
 public:
  Ways(const Case& asked, const Field& field) : asked_(asked), field_(field) {
    Lower(&model::Requires::security, "requires.security");
    Lower(&model::Requires::compatibility, "requires.compatibility");
    Lower(&model::Requires::performance, "requires.performance");
    for (std::size_t i = 0; i < kBounds; ++i) Relax(i);
    Raise(&Question::concurrency, "limits.concurrency", ConcurrencyFor);
    if (const auto field = asked.question.replicas_field; !field.empty()) {
      Raise(&Question::replicas, std::string(field), ReplicasFor);
    }
    Question changed = asked.question;
    changed.devices = false;
    if (asked.question.devices) Try(changed, "leave spec.devices out");
    changed = asked.question;
    changed.asked.reset();
    if (asked.question.asked) Try(changed, "leave spec.class out");
    changed = asked.question;
    changed.by = model::PlacementBy::kCost;
    if (asked.question.by == model::PlacementBy::kRule) Try(changed, "placement: cost");
  }
  [[nodiscard]] const std::vector<std::string>& found() const noexcept { return found_; }

 private:
  bool Try(const Question& changed, std::string way) {
    const Case other{changed, asked_.options, asked_.nodes, asked_.prices};
    const bool fits = Best(WeighAll(other)) != nullptr;
    if (fits) found_.push_back(std::move(way));
    return fits;
  }

  void Lower(Level model::Requires::* which, const std::string& field) {
    for (auto level = static_cast<int>(asked_.question.requires_.*which) - 1; level >= 0; --level) {
      Question changed = asked_.question;
      changed.requires_.*which = static_cast<Level>(level);
      const auto name = model::LevelName(static_cast<Level>(level));
      if (Try(changed, field + ": " + std::string(name))) return;
    }
  }

  // To what some class is expected to do, the least change first.
  void Relax(std::size_t which) {
    const Bound& bound = Bounds()[which];
    if (!bound.asked(asked_.question)) return;
    std::vector<double> figures;
    for (const Weighed& each : field_) {
      if (each.expected[which]) figures.push_back(bound.Better(*each.expected[which]));
    }
    std::ranges::sort(figures);
    if (bound.at_least) std::ranges::reverse(figures);
    for (const double figure : figures) {
      Question changed = asked_.question;
      bound.ask(changed, figure);
      const double then = *bound.asked(changed);
      if (then > 0 && Try(changed, std::string(bound.field) + ": " + Exact(then))) return;
    }
  }

  // What carries slo.qps with more at once.
  void Raise(std::uint32_t Question::* which, const std::string& field,
             double (*needed)(const Question&, const Figures&)) {
    constexpr double kMost = 100'000;  // that a manifest may name
    if (!asked_.question.slo.qps) return;
    std::vector<double> enough;
    for (const Option& option : asked_.options) {
      if (option.figures) enough.push_back(needed(asked_.question, *option.figures));
    }
    std::ranges::sort(enough);
    for (const double count : enough) {
      if (count <= asked_.question.*which || count > kMost) continue;
      Question changed = asked_.question;
      changed.*which = static_cast<std::uint32_t>(count);
      if (Try(changed, field + ": " + Exact(count))) return;
    }
  }

  const Case& asked_;
  const Field& field_;
  std::vector<std::string> found_;
};

}  // namespace

Error NothingFits(const Case& asked, const Field& field) {
  std::string text = "no class fits:";
  for (const Weighed& each : field) {
    text +=
        "\n  " + std::string(model::ClassName(each.shown.sandbox_class)) + ": " + each.shown.lost;
  }
  const Ways all(asked, field);
  const std::vector<std::string>& ways = all.found();
  for (const std::string& way : ways) {
    text += (&way == ways.data() ? "\nany of these would do: " : "; ") + way;
  }
  if (ways.empty()) text += "\nno single requirement that gave way would do";
  return {Errc::kFailedPrecondition, std::move(text)};
}

}  // namespace strata::scheduler
