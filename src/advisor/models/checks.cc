#include "advisor/models/checks.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "advisor/models/model.h"
#include "base/check.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

constexpr double kRoundNumbers = 10'000;

// The place of the last digit that counts: 2 for 4.25, -3 for 447000.
int LastDigit(double number) {
  const std::string text = fmt::format("{}", std::fabs(number));
  if (const std::size_t point = text.find('.'); point != std::string::npos) {
    return static_cast<int>(text.size() - point - 1);
  }
  if (std::fabs(number) < kRoundNumbers) return 0;
  return -static_cast<int>(text.size() - 1 - text.find_last_not_of('0'));
}

std::optional<double> Percentage(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const char* const first = text.data();
  const char* const last = first + text.size();
  const auto [end, error] = std::from_chars(first, last, number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  if (unit != "%" && unit != " %") return std::nullopt;
  return number;
}

// Nothing: the claim is a sentence, and nothing was said to decide it by.
std::optional<bool> Holds(const Check& check, const Json& claim, const Outputs& outputs) {
  if (check.holds) return check.holds(outputs);
  const auto claimed = ClaimedNumbers(claim);
  if (!claimed) return std::nullopt;
  STRATA_CHECK(claimed->size() == check.outputs.size());
  for (std::size_t i = 0; i < claimed->size(); ++i) {
    if (!RoundsTo(outputs[check.outputs[i]], (*claimed)[i])) return false;
  }
  return true;
}

Judged Judge(const Json& fact, const Check* check, const Outputs& outputs) {
  const Json& agrees = fact.at("agrees");
  const Verdict stated = agrees.is_null()     ? Verdict::kNotComputable
                         : agrees.get<bool>() ? Verdict::kAgrees
                                              : Verdict::kDisagrees;
  Judged judged{.check = &fact, .verdict = stated, .computed = false, .recomputed = {}};
  if (check == nullptr) return judged;
  for (const std::string& name : check->outputs) judged.recomputed.push_back(outputs.at(name));
  if (stated == Verdict::kNotComputable) return judged;
  const std::optional<bool> holds = Holds(*check, fact.at("claimed"), outputs);
  if (!holds) return judged;
  judged.computed = true;
  judged.verdict = *holds ? Verdict::kAgrees : Verdict::kDisagrees;
  return judged;
}

}  // namespace

std::optional<std::vector<double>> ClaimedNumbers(const Json& claim) {
  if (claim.is_number()) return std::vector{claim.get<double>()};
  if (claim.is_string()) {
    const auto percentage = Percentage(claim.get_ref<const std::string&>());
    if (!percentage) return std::nullopt;
    return std::vector{*percentage};
  }
  if (!claim.is_structured()) return std::nullopt;
  std::vector<double> numbers;
  for (const Json& part : claim) {
    if (!part.is_number()) return std::nullopt;
    numbers.push_back(part.get<double>());
  }
  return numbers;
}

bool RoundsTo(double value, double claim) {
  constexpr double kHalf = 0.5 + 1e-9;  // a tie rounds either way
  return std::fabs(value - claim) * std::pow(10, LastDigit(claim)) <= kHalf;
}

std::vector<Judged> JudgeChecks(const Json& fact, const Model& model, const Outputs& outputs) {
  std::vector<Judged> all;
  for (const Json& check : fact.at("checks")) {
    const auto found =
        std::ranges::find(model.checks, check.at("id").get_ref<const std::string&>(), &Check::id);
    all.push_back(Judge(check, found == model.checks.end() ? nullptr : &*found, outputs));
  }
  return all;
}

}  // namespace strata::advisor::models
