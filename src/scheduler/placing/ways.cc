#include "scheduler/placing/ways.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::scheduler {
namespace {

using model::Level;

bool Missed(const Weighed& weighed, const Question& question, std::size_t which) {
  const Bound& bound = Bounds()[which];
  const auto asked = bound.asked(question);
  const auto& expected = weighed.expected[which];
  return asked && expected && !bound.Keeps(bound.Better(*expected), *asked);
}

// As the manifest would have to say it.
std::string Said(const Question& question, const Bound& bound) {
  const auto asked = bound.asked(question);
  if (!asked) return "leave " + std::string(bound.field) + " out";
  return std::string(bound.field) + ": " + Exact(*asked);
}

std::string Said(std::string_view field, Level level) {
  return std::string(field) + ": " + std::string(model::LevelName(level));
}

// Security and compatibility, lowered as little as lets the class be used at all.
void GiveFloor(model::Requires& asks, model::Class to, std::vector<std::string>& gave) {
  const model::Requires before = asks;
  const auto lower = [](Level level, int by) {
    return static_cast<Level>(std::max(static_cast<int>(level) - by, 0));
  };
  for (int steps = 0; !BelowFloor(asks, to).empty() && steps <= 4; ++steps) {
    for (int security = 0; security <= steps && !BelowFloor(asks, to).empty(); ++security) {
      asks.security = lower(before.security, security);
      asks.compatibility = lower(before.compatibility, steps - security);
    }
  }
  if (asks.security != before.security) gave.push_back(Said("requires.security", asks.security));
  if (asks.compatibility != before.compatibility) {
    gave.push_back(Said("requires.compatibility", asks.compatibility));
  }
}

// The limit next to what is asked for that the class takes, and with which what is there at all
// times fits into a node that has it; nothing: there is none.
std::optional<Bytes> MemoryThatFits(const Case& asked, const Weighed& weighed) {
  const Node* node = Roomiest(weighed.shown.sandbox_class, asked.nodes);
  if (node == nullptr || weighed.option == nullptr) return std::nullopt;
  const model::MemoryBounds& bounds = weighed.option->memory;
  if (bounds.most < bounds.least) return std::nullopt;  // this server gives less than it needs
  const Bytes room = Bytes::MiB((node->free_memory.count / asked.question.held) >> 20);
  const Bytes fits = std::min(std::clamp(asked.question.memory, bounds.least, bounds.most), room);
  if (fits.count == 0 || fits < bounds.least) return std::nullopt;
  return fits;
}

std::string SaidMemory(Bytes limit) {
  return "limits.memory_mib: " + std::to_string(limit.count >> 20);
}

// So many at all times that they fit into `room`.
void GiveHeld(Question& question, Bytes room, std::vector<std::string>& gave) {
  const std::uint64_t fit = room.count / std::max(question.memory.count, std::uint64_t{1});
  if (question.held_field.empty() || fit == 0 || fit >= question.held) return;
  question.held = static_cast<std::uint32_t>(fit);
  if (question.held_field == question.replicas_field) question.replicas = question.held;
  gave.push_back(std::string(question.held_field) + ": " + std::to_string(fit));
}

// What a manifest decides itself, given up for the class at `place` of the field.
void GiveRules(const Case& asked, const Field& field, std::size_t place, Question& changed,
               std::vector<std::string>& gave) {
  const model::Class to = field[place].shown.sandbox_class;
  GiveFloor(changed.requires_, to, gave);
  if (changed.asked && changed.asked != to) {
    changed.asked = to;
    gave.push_back((changed.asked_by.empty() ? "spec.class: " : "class ") +
                   std::string(model::ClassName(to)));
  }
  if (!changed.asked && changed.by == model::PlacementBy::kRule && ByRule(changed) != to) {
    changed.by = model::PlacementBy::kCost;
    gave.emplace_back("placement: cost");
  }
  // High performance gives a function with a wasm variant to wasm alone.
  const bool free = !changed.asked && changed.by == model::PlacementBy::kCost;
  if (free && changed.requires_.performance == Level::kHigh && to != model::Class::kWasm) {
    Question less = changed;
    less.requires_.performance = Level::kMedium;
    const auto lost = [&](const Question& question) {
      return WeighAll({question, asked.options, asked.nodes, asked.prices})[place].shown.lost;
    };
    if (lost(less) != lost(changed)) {
      changed = less;
      gave.push_back(Said("requires.performance", Level::kMedium));
    }
  }
  const Option* option = field[place].option;
  if (changed.devices && option != nullptr && !option->withheld.empty()) {
    changed.devices = false;
    gave.emplace_back("leave spec.devices out");
  }
  const auto memory = MemoryThatFits(asked, field[place]);
  if (memory && *memory != changed.memory) {
    changed.memory = *memory;
    gave.push_back(SaidMemory(*memory));
  }
}

// What would do together for the class at `place` of the field: what the manifest decides itself,
// then bounds. Empty: the class cannot run it, whatever gives way.
std::vector<std::string> Together(const Case& asked, const Field& field, std::size_t place) {
  Question changed = asked.question;
  std::vector<std::string> gave;
  GiveRules(asked, field, place, changed, gave);
  std::array<bool, kBounds> bounds{};
  // What gives way may lead to another node, where another bound is missed.
  for (std::size_t turns = kBounds + asked.nodes.size() + 1; turns > 0; --turns) {
    const Weighed weighed = WeighAll({changed, asked.options, asked.nodes, asked.prices})[place];
    if (weighed.shown.lost.empty()) {
      for (std::size_t i = 0; i < kBounds; ++i) {
        if (bounds[i]) gave.push_back(Said(changed, Bounds()[i]));
      }
      return gave;
    }
    bool any = false;
    for (std::size_t i = 0; i < kBounds; ++i) {
      if (!Missed(weighed, changed, i)) continue;
      const Bound& bound = Bounds()[i];
      bound.ask(changed, bound.Better(*weighed.expected[i]));
      bounds[i] = any = true;
    }
    if (!any) break;
  }
  return {};
}

// A line for each class that has any.
std::string AllTogether(const Case& asked, const Field& field) {
  std::multimap<std::size_t, std::string> lines;  // by how many give way
  for (std::size_t place = 0; place < field.size(); ++place) {
    const std::vector<std::string> gives = Together(asked, field, place);
    if (gives.empty()) continue;
    std::string line = "\n  " + std::string(model::ClassName(field[place].shown.sandbox_class));
    for (const std::string& each : gives) line += (&each == gives.data() ? ": " : ", ") + each;
    lines.emplace(gives.size(), std::move(line));
  }
  std::string text;
  for (const auto& [count, line] : lines) text += line;
  return text;
}

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
    Limit();
    Hold();
    Question changed = asked.question;
    changed.devices = false;
    if (asked.question.devices) Try(changed, "leave spec.devices out");
    changed = asked.question;
    changed.asked.reset();
    // Whoever else asks for a class can only ask for another.
    if (asked.question.asked && asked.question.asked_by.empty()) {
      Try(changed, "leave spec.class out");
    }
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
    std::vector<double> figures;
    for (const Weighed& each : field_) {
      if (Missed(each, asked_.question, which)) {
        figures.push_back(bound.Better(*each.expected[which]));
      }
    }
    std::ranges::sort(figures);
    if (bound.at_least) std::ranges::reverse(figures);
    for (const double figure : figures) {
      Question changed = asked_.question;
      bound.ask(changed, figure);
      if (Try(changed, Said(changed, bound))) return;
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

  // The memory to what some class can give and a node has free, the least change first.
  void Limit() {
    const Bytes asked = asked_.question.memory;
    std::vector<Bytes> limits;
    for (const Weighed& each : field_) {
      const auto fits = MemoryThatFits(asked_, each);
      if (fits && *fits != asked) limits.push_back(*fits);
    }
    std::ranges::sort(limits, {}, [asked](Bytes each) {
      return std::max(each, asked).count - std::min(each, asked).count;
    });
    for (const Bytes limit : limits) {
      Question changed = asked_.question;
      changed.memory = limit;
      if (Try(changed, SaidMemory(limit))) return;
    }
  }

  // What is there at all times, to what the roomiest node of some class has free, the least change
  // first.
  void Hold() {
    std::vector<Bytes> rooms;
    for (const Weighed& each : field_) {
      const Node* node = Roomiest(each.shown.sandbox_class, asked_.nodes);
      if (node != nullptr) rooms.push_back(node->free_memory);
    }
    std::ranges::sort(rooms, std::greater<>());
    for (const Bytes room : rooms) {
      Question changed = asked_.question;
      std::vector<std::string> gave;
      GiveHeld(changed, room, gave);
      if (!gave.empty() && Try(changed, gave.front())) return;
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
  if (ways.empty()) {
    const std::string together = AllTogether(asked, field);
    text += "\nno single requirement that gave way would do";
    if (!together.empty()) text += "; these would together:" + together;
  }
  return {Errc::kFailedPrecondition, std::move(text)};
}

}  // namespace strata::scheduler
