#include "advisor/compare/values.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>

#include "advisor/facts/facts.h"

namespace strata::advisor {
namespace {

constexpr int kMostStars = 5;

struct Unit {
  std::string_view name;
  double factor;
  std::string_view base;
};
constexpr std::array<Unit, 7> kUnits{{{"s", 1000, "ms"},
                                      {"ms", 1, "ms"},
                                      {"min", 60'000, "ms"},
                                      {"us", 0.001, "ms"},
                                      {"KB", 1.0 / 1024, "MB"},
                                      {"MB", 1, "MB"},
                                      {"GB", 1024, "MB"}}};

Unit BaseOf(const std::string& unit) {
  for (const Unit& each : kUnits) {
    if (each.name == unit) return each;
  }
  return {unit, 1, unit};
}

struct Word {
  std::string_view word;
  int step;
};
// The documents' words for more and less; a column has words of one kind only.
constexpr std::array<Word, 16> kWords{{{"very low", 1},
                                       {"very small", 1},
                                       {"slow", 1},
                                       {"low", 2},
                                       {"small", 2},
                                       {"coarse-grained", 2},
                                       {"partial", 3},
                                       {"medium", 3},
                                       {"medium-grained", 3},
                                       {"high", 4},
                                       {"fast", 4},
                                       {"fine-grained", 4},
                                       {"very high", 5},
                                       {"very fast", 5},
                                       {"extremely fine-grained", 5},
                                       {"yes", 5}}};

// "medium", of a cell that says it in a word.
std::string WordOf(const Json& cell) {
  for (const char* key : {"level", "value"}) {
    const auto found = cell.find(key);
    if (found != cell.end() && found->is_string()) return found->get<std::string>();
  }
  return "";
}

std::string StarsOf(int stars) {
  std::string text;
  for (int i = 0; i < kMostStars; ++i) text += i < stars ? "★" : "☆";
  return text;
}

std::optional<double> NumberAt(const Json& cell, const char* key) {
  const auto found = cell.find(key);
  if (found == cell.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

// "10-60", "< 1", "100000+", "~100"; empty: there is no number.
std::string NumbersOf(const Json& cell) {
  const auto least = NumberAt(cell, "min");
  const auto most = NumberAt(cell, "max");
  const char* on = cell.value("more", false) ? "+" : "";
  if (least && most && *least != *most) return Figure(*least) + "-" + Figure(*most) + on;
  if (least && most) return Figure(*least) + on;
  if (least) return Figure(*least) + "+";
  if (const auto below = NumberAt(cell, "max_exclusive")) return "< " + Figure(*below);
  if (const auto value = NumberAt(cell, "value")) {
    return (cell.value("approx", false) ? "~" : "") + Figure(*value);
  }
  return "";
}

// What programs get of a cell with numbers.
Json NumbersForPrograms(const Json& cell) {
  Json numbers = Json::object();
  for (const char* key : {"level", "order_of_magnitude", "value", "min", "max", "max_exclusive",
                          "more", "approx", "unit"}) {
    if (cell.contains(key)) numbers[key] = cell.at(key);
  }
  return numbers;
}

}  // namespace

Cell ValueCell(const Json& cell) {
  if (cell.is_null()) return NoCell();
  if (cell.is_string()) return WordCell(cell.get<std::string>());
  if (cell.contains("stars")) {
    const int stars = cell.at("stars");
    return {{StarsOf(stars), ""}, stars};
  }
  if (cell.contains("list")) return WordCell(ListOf(cell.at("list")));
  const std::string raw = cell.value("raw", "");
  const std::string numbers = NumbersOf(cell);
  const std::string level = cell.value("level", "");
  if (!numbers.empty() || !level.empty()) {
    const std::string unit = cell.value("unit", "");
    std::string text = numbers;
    if (text.empty())
      text = cell.value("order_of_magnitude", "");
    else if (!unit.empty())
      text += " " + unit;
    if (!level.empty()) text = text.empty() ? level : level + " (" + text + ")";
    text = cell.value("text", text);
    return {{std::move(text), raw.empty() ? cell.value("zh", "") : raw}, NumbersForPrograms(cell)};
  }
  const auto value = cell.find("value");
  if (value != cell.end() && value->is_string()) {
    return TextCell({value->get<std::string>(), cell.value("zh", "")});
  }
  return TextCell({raw.empty() ? "-" : raw, cell.value("zh", "")});
}

int Range::Side(double value) const noexcept {
  if (least && value < *least) return -1;
  if (most && value > *most) return 1;
  return 0;
}

std::optional<Range> RangeOf(const Json& cell) {
  if (!cell.is_object() || !cell.contains("unit")) return std::nullopt;
  const std::string name = cell.at("unit");
  const Unit unit = BaseOf(name);  // views into `name`
  const auto scaled = [&unit](std::optional<double> number) {
    return number ? std::optional(*number * unit.factor) : std::nullopt;
  };
  Range range{.least = scaled(NumberAt(cell, "min")),
              .most = scaled(NumberAt(cell, "max")),
              .unit = std::string(unit.base)};
  if (!range.most) range.most = scaled(NumberAt(cell, "max_exclusive"));
  if (cell.value("more", false)) range.most.reset();
  if (const auto value = scaled(NumberAt(cell, "value"))) range.least = range.most = value;
  if (!range.least && !range.most) return std::nullopt;
  return range;
}

std::optional<int> StepOf(const Json& cell) {
  if (!cell.is_object()) return std::nullopt;
  if (cell.contains("stars")) return cell.at("stars").get<int>();
  const auto* found = std::ranges::find(kWords, WordOf(cell), &Word::word);
  return found == kWords.end() ? std::nullopt : std::optional(found->step);
}

OrderCheck CheckOrder(const Json& matrix, const Json& ordering, Bound bound) {
  OrderCheck check;
  const bool ascending = ordering.at("direction") != "descending";
  const Json& order = ordering.at("order");
  const auto cell_of = [&matrix, &ordering](const Json& id) -> const Json& {
    return matrix.at("rows").at(id.get<std::string>()).at(ordering.at("column").get<std::string>());
  };
  const auto bound_of = [bound](const Json& cell) -> std::optional<double> {
    const auto range = RangeOf(cell);
    if (!range) return StepOf(cell);
    return bound == Bound::kLeast ? range->least : range->most;
  };
  // The bound as the cell says it.
  const auto said_in = [key = bound == Bound::kLeast ? "min" : "max"](const Json& cell) {
    return cell.contains(key) ? Text{Figure(cell.at(key)), ""}
                              : Text{WordOf(cell), cell.value("zh", "")};
  };
  for (std::size_t i = 1; i < order.size(); ++i) {
    const Json& before = cell_of(order[i - 1]);
    const Json& after = cell_of(order[i]);
    const auto a = bound_of(before);
    const auto b = bound_of(after);
    if (!a || !b) continue;
    const std::string left = order[i - 1];
    const std::string right = order[i];
    if (*a == *b) {
      check.strict = false;
      check.ties.push_back({left, right, {}, {}});
    } else if (ascending != (*a < *b)) {
      check.holds = false;
      check.strict = false;
      check.violations.push_back({left, right, said_in(before), said_in(after)});
    }
  }
  return check;
}

std::vector<OrderPair> Contradictions(const Json& ordering, const Json& other) {
  const Json& here = ordering.at("order");
  const Json& there = other.at("order");
  const auto place_there = [&there](const Json& id) {
    return std::ranges::find(there, id) - there.begin();
  };
  std::vector<OrderPair> pairs;
  for (std::size_t first = 0; first < here.size(); ++first) {
    for (std::size_t second = first + 1; second < here.size(); ++second) {
      if (place_there(here[first]) < place_there(here[second])) continue;
      pairs.push_back({here[first], here[second], {}, {}});
    }
  }
  return pairs;
}

BestCheck CheckBest(const Json& matrix, const Json& statement) {
  const Json& best = statement.at("best");
  const auto stars_of = [&](const Json& row) {
    return row.at(statement.at("id").get_ref<const std::string&>()).at("stars").get<int>();
  };
  int least = std::numeric_limits<int>::max();
  for (const Json& id : best) {
    least = std::min(least, stars_of(matrix.at("rows").at(id.get_ref<const std::string&>())));
  }
  BestCheck check;
  for (const auto& [id, row] : matrix.at("rows").items()) {
    if (std::ranges::find(best, Json(id)) != best.end() || stars_of(row) < least) continue;
    check.others.push_back(id);
    check.strict = false;
    check.holds = check.holds && stars_of(row) == least;
  }
  return check;
}

}  // namespace strata::advisor
