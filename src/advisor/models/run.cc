#include "advisor/models/run.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/models/checks.h"
#include "advisor/models/model.h"
#include "advisor/models/registry.h"
#include "advisor/models/settings.h"
#include "advisor/names.h"
#include "advisor/numerics/chance.h"
#include "advisor/report/refusal.h"
#include "advisor/report/report.h"
#include "base/check.h"
#include "base/random.h"
#include "base/result.h"
#include "scheduler/simulate/quantiles.h"

namespace strata::advisor::models {
namespace {

Interval UncertainOf(const Parameter& parameter, double value, bool set, double spread) {
  const Kind& kind = parameter.kind;
  if (!set && parameter.unknown) return {kind.low, kind.high};
  if (!parameter.levels.empty() || kind.spread == kExact) return {value, value};
  const double half = kind.spread > 0 ? kind.spread : spread * std::fabs(value);
  const Interval interval{std::max(kind.low, value - half), std::min(kind.high, value + half)};
  if (kind.numbers == Numbers::kReal) return interval;
  return {std::ceil(interval.low), std::floor(interval.high)};
}

// The parts of a whole that were not set, whose mix is all that is uncertain of them.
std::vector<std::size_t> PartsOf(const ModelRun& run) {
  std::vector<std::size_t> parts;
  for (std::size_t i = 0; i < run.values.size(); ++i) {
    if (run.model.parameters[i].part && !run.set[i]) parts.push_back(i);
  }
  return parts;
}

double WholeOf(const ModelRun& run, const std::vector<std::size_t>& parts) {
  double whole = 0;
  for (const std::size_t i : parts) whole += run.values[i];
  return whole;
}

// One part becomes `value`; the others share what is left of the whole as they did.
void SetPart(const ModelRun& run, std::size_t parameter, double value, Inputs& inputs) {
  const std::vector<std::size_t> parts = PartsOf(run);
  const double whole = WholeOf(run, parts);
  const double others = whole - run.values[parameter];
  for (const std::size_t i : parts) {
    const double share = others > 0 ? run.values[i] / others
                                    : 1 / std::max(1.0, static_cast<double>(parts.size()) - 1);
    inputs.Set(i, i == parameter ? value : (whole - value) * share);
  }
}

// Draws from 0 to the whole become a mix of it: as likely as any other, for each draw's logarithm
// is exponential (Dirichlet of ones).
void MixParts(const std::vector<std::size_t>& parts, double whole, Inputs& inputs) {
  double sum = 0;
  for (const std::size_t i : parts) {
    inputs.Set(i, -std::log1p(-inputs.at(i) / whole));
    sum += inputs.at(i);
  }
  for (const std::size_t i : parts) inputs.Set(i, whole * inputs.at(i) / sum);
}

std::vector<Interval> UncertainOf(const ModelRun& run) {
  std::vector<Interval> intervals;
  const std::vector<std::size_t> parts = PartsOf(run);
  for (std::size_t i = 0; i < run.values.size(); ++i) {
    // Of one part that is left alone nothing is uncertain.
    if (std::ranges::find(parts, i) != parts.end()) {
      intervals.push_back(parts.size() > 1 ? Interval{0, WholeOf(run, parts)}
                                           : Interval{run.values[i], run.values[i]});
      continue;
    }
    intervals.push_back(
        UncertainOf(run.model.parameters[i], run.values[i], run.set[i], run.question.spread));
  }
  return intervals;
}

double At(const ModelRun& run, Inputs inputs, std::size_t parameter, double value) {
  if (run.model.parameters[parameter].part && !run.set[parameter]) {
    SetPart(run, parameter, value, inputs);
  } else {
    inputs.Set(parameter, value);
  }
  return run.model.evaluate(inputs).all()[run.of].value;
}

Swing SwingOf(const ModelRun& run, const Inputs& inputs, std::size_t parameter, Interval interval) {
  Swing swing{parameter, interval, 0, 0};
  swing.at_low = At(run, inputs, parameter, interval.low);
  swing.at_high = At(run, inputs, parameter, interval.high);
  const std::size_t levels = run.model.parameters[parameter].levels.size();
  for (std::size_t level = 1; level + 1 < levels; ++level) {
    const auto value = static_cast<double>(level);
    const double at = At(run, inputs, parameter, value);
    if (at < std::min(swing.at_low, swing.at_high)) {
      (swing.at_low < swing.at_high ? swing.values.low : swing.values.high) = value;
      (swing.at_low < swing.at_high ? swing.at_low : swing.at_high) = at;
    } else if (at > std::max(swing.at_low, swing.at_high)) {
      (swing.at_low < swing.at_high ? swing.values.high : swing.values.low) = value;
      (swing.at_low < swing.at_high ? swing.at_high : swing.at_low) = at;
    }
  }
  return swing;
}

// An output that is defined at one end alone swings most.
double Width(const Swing& swing) {
  if (std::isnan(swing.at_low) != std::isnan(swing.at_high)) return kNoBound;
  return std::fabs(swing.at_high - swing.at_low);
}

void FindSwings(const Inputs& inputs, const std::vector<Interval>& intervals, ModelRun& run) {
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    if (intervals[i].low == intervals[i].high) continue;
    const Swing swing = SwingOf(run, inputs, i, intervals[i]);
    if (Width(swing) > 0) run.swings.push_back(swing);  // not if both ends are undefined
  }
  std::ranges::sort(run.swings, [](const Swing& a, const Swing& b) {
    return Width(a) != Width(b) ? Width(a) > Width(b) : a.parameter < b.parameter;
  });
}

double Draw(const Parameter& parameter, Interval interval, Random& random) {
  const double u = scheduler::simulate::Uniform(random);
  if (interval.low == interval.high) return interval.low;
  const bool real = parameter.levels.empty() && parameter.kind.numbers == Numbers::kReal;
  if (real) return std::lerp(interval.low, interval.high, u);
  return std::floor(std::lerp(interval.low, interval.high + 1, u));  // each as likely
}

std::vector<double> SharesOf(const std::vector<double>& draws, std::size_t levels) {
  std::vector<double> shares(levels);
  for (const double draw : draws) {
    if (!std::isnan(draw)) shares[static_cast<std::size_t>(draw)] += 1;
  }
  for (double& share : shares) share /= static_cast<double>(draws.size());
  return shares;
}

Result<void> DrawAll(Inputs inputs, const std::vector<Interval>& intervals, ModelRun& run) {
  if (run.question.draws == 0) return {};
  SeededRandom random(run.question.seed);
  std::vector<std::vector<double>> draws(run.outputs.all().size());
  for (std::vector<double>& each : draws) each.reserve(run.question.draws);
  std::uint64_t work = 0;
  const std::vector<std::size_t> parts = PartsOf(run);
  const double whole = WholeOf(run, parts);
  for (std::uint32_t n = 0; n < run.question.draws; ++n) {
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      inputs.Set(i, Draw(run.model.parameters[i], intervals[i], random));
    }
    if (parts.size() > 1 && whole > 0) MixParts(parts, whole, inputs);
    const Outputs outputs = run.model.evaluate(inputs);
    work += outputs.worked();
    if (work > kMostWork) {
      return Refuse(Errc::kInvalidArgument, Refusal::kTooManySteps, {std::to_string(n)});
    }
    STRATA_CHECK(outputs.all().size() == draws.size());
    for (std::size_t i = 0; i < draws.size(); ++i) draws[i].push_back(outputs.all()[i].value);
  }
  for (std::size_t i = 0; i < draws.size(); ++i) {
    const std::size_t levels = run.outputs.all()[i].levels.size();
    Uncertain uncertain;
    if (levels > 0) uncertain.shares = SharesOf(draws[i], levels);
    uncertain.summary = numerics::Summarise(draws[i]);
    run.uncertain.push_back(std::move(uncertain));
  }
  run.draws = std::move(draws[run.of]);
  std::erase_if(run.draws, [](double each) { return std::isnan(each); });
  std::ranges::sort(run.draws);
  return {};
}

Result<std::size_t> FindOutput(const Outputs& outputs, std::string_view name) {
  const std::vector<Output>& all = outputs.all();
  if (name.empty()) return 0;
  Names names("output", "strata model NAME");
  for (const Output& output : all) names.Add(output.name, output.name);
  const auto found = names.Find(name);
  if (!found) return std::unexpected(found.error());
  return static_cast<std::size_t>(std::ranges::find(all, *found, &Output::name) - all.begin());
}

// In two units a value differs by the rounding of their factors.
bool IsSame(double one, double other) { return std::fabs(one - other) <= 1e-12 * std::fabs(one); }

Result<void> CheckNumbers(const Question& question) {
  if (question.draws > kMostDraws) {
    return Refuse(Errc::kInvalidArgument, Refusal::kTooManyDraws, {std::to_string(kMostDraws)});
  }
  if (!(question.spread >= 0 && question.spread <= 1)) {
    return Refuse(Errc::kInvalidArgument, Refusal::kNoShare, {});
  }
  return {};
}

}  // namespace

Result<ModelRun> Ask(const Question& question) {
  if (auto good = CheckNumbers(question); !good) return std::unexpected(good.error());
  auto fact = FindModel(question.model);
  if (!fact) return std::unexpected(std::move(fact).error());
  ModelRun run;
  run.fact = *fact;
  run.model = MakeModel(**fact);
  run.question = question;
  run.set.resize(run.model.parameters.size());
  Inputs inputs(run.model.parameters);
  for (std::size_t i = 0; i < run.set.size(); ++i) run.values.push_back(inputs.at(i));
  for (const std::string& setting : question.set) {
    const auto parameter = Set(setting, run.model.parameters, inputs);
    if (!parameter) return std::unexpected(parameter.error());
    const double value = inputs.at(*parameter);
    if (run.set[*parameter] && !IsSame(run.values[*parameter], value)) {
      return Refuse(
          Errc::kInvalidArgument, Refusal::kSetTwice,
          {run.model.parameters[*parameter].name, Figure(run.values[*parameter]), Figure(value)});
    }
    run.set[*parameter] = true;
    run.values[*parameter] = value;
  }
  if (run.model.remarks) run.remarks = run.model.remarks(inputs);
  run.outputs = run.model.evaluate(inputs);
  const auto of = FindOutput(run.outputs, question.of);
  if (!of) return std::unexpected(of.error());
  run.of = *of;
  run.checks = JudgeChecks(*run.fact, run.model, run.outputs);
  const std::vector<Interval> intervals = UncertainOf(run);
  FindSwings(inputs, intervals, run);
  if (auto drawn = DrawAll(inputs, intervals, run); !drawn) return std::unexpected(drawn.error());
  return run;
}

}  // namespace strata::advisor::models
