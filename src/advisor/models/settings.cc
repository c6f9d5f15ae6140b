#include "advisor/models/settings.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/models/model.h"
#include "advisor/names.h"
#include "advisor/report/refusal.h"
#include "advisor/report/report.h"
#include "advisor/units.h"
#include "base/result.h"

namespace strata::advisor::models {
namespace {

Result<double> LevelOf(const Parameter& parameter, std::string_view text) {
  Names levels("level");
  for (const std::string_view level : parameter.levels) {
    levels.Add(std::string(level), std::string(level));
  }
  const auto level = levels.Find(text);
  if (!level) return std::unexpected(level.error());
  return static_cast<double>(std::ranges::find(parameter.levels, *level) -
                             parameter.levels.begin());
}

Result<double> NumberOf(const Parameter& parameter, std::string_view text) {
  const Kind& kind = parameter.kind;
  auto number = ReadQuantity(text, kind.unit);
  if (!number) return number;
  if (*number < kind.low || *number > kind.high) {
    if (kind.low == -kMost && kind.high == 0 && *number > 0) {
      return Refuse(Errc::kInvalidArgument, Refusal::kSpent, {text});
    }
    return Refuse(Errc::kInvalidArgument, Refusal::kOutOfBounds,
                  {text, Figure(kind.low), Figure(kind.high)});
  }
  if (kind.numbers != Numbers::kReal && *number != std::round(*number)) {
    return Refuse(Errc::kInvalidArgument, Refusal::kNotWhole, {text});
  }
  return number;
}

}  // namespace

Result<std::size_t> Set(std::string_view setting, const std::vector<Parameter>& parameters,
                        Inputs& inputs) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Refuse(Errc::kInvalidArgument, Refusal::kNotSetting, {setting});
  }
  Names names("parameter", "strata model NAME");
  for (const Parameter& parameter : parameters) names.Add(parameter.name, parameter.name);
  for (const Parameter& parameter : parameters) names.AddLabel(parameter.name, parameter.label);
  const auto name = names.Find(setting.substr(0, equals));
  if (!name) return std::unexpected(name.error());
  const auto found = std::ranges::find(parameters, *name, &Parameter::name);
  const std::string_view text = setting.substr(equals + 1);
  auto value = found->levels.empty() ? NumberOf(*found, text) : LevelOf(*found, text);
  if (!value) return Wrap(std::move(value).error(), found->name);
  const auto index = static_cast<std::size_t>(found - parameters.begin());
  inputs.Set(index, *value);
  return index;
}

}  // namespace strata::advisor::models
