#include "scheduler/record.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace strata::scheduler {
namespace {

// Those that a class must have unless it is lacking, and what else there may be.
constexpr std::array<std::string_view, 5> kNeeded = {"first_ms", "p50_ms", "p99_ms", "cpu_ms",
                                                     "memory_mib"};
constexpr std::array<std::string_view, 4> kMore = {"deploy_ms", "p90_ms", "max_ms", "calls"};
constexpr double kMost = 1e12;
// What a record with a schema has for others (measure/record.h).
constexpr std::array<std::string_view, 7> kForOthers = {"measured", "strata",   "mode", "seconds",
                                                        "host",     "versions", "rows"};

std::unexpected<Error> Wrong(std::string what) {
  return Fail(Errc::kInvalidArgument, "not a record of measurements: " + std::move(what));
}

Result<void> CheckFields(const Json& row, const std::string& name) {
  for (const auto& [field, value] : row.items()) {
    if (field == "class") continue;
    if (field == "lacking") {
      if (value.is_string()) continue;
      return Wrong(name + ": lacking must be text");
    }
    if (std::ranges::find(kNeeded, field) == kNeeded.end() &&
        std::ranges::find(kMore, field) == kMore.end()) {
      return Wrong(name + ": unknown field '" + field + "'");
    }
    if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > kMost) {
      return Wrong(name + ": " + field + " must be a number from 0 to 1e12");
    }
  }
  return {};
}

Result<void> Add(const Json& row, Record& record) {
  if (!row.is_object() || !row.contains("class") || !row["class"].is_string()) {
    return Wrong("each of classes is an object with a class");
  }
  const auto name = row["class"].get<std::string>();
  const auto sandbox_class = model::ClassFromName(name);
  if (!sandbox_class) return Wrong("no class is called '" + name + "'");
  if (auto good = CheckFields(row, name); !good) return good;
  record.erase(*sandbox_class);
  if (row.contains("lacking")) return {};
  for (const std::string_view field : kNeeded) {
    if (!row.contains(field)) return Wrong(name + ": " + std::string(field) + " is missing");
  }
  const auto figure = [&row](const char* field) { return row[field].get<double>(); };
  const double cpu_ms = figure("cpu_ms");
  // Everywhere but in wasm nearly all of a call of the small program is starting its sandbox, which
  // is work of the runtime and not in the guest's processor time.
  const bool starts = *sandbox_class != model::Class::kWasm;
  record.emplace(*sandbox_class,
                 Figures{.p50_ms = figure("p50_ms"),
                         .mean_ms = figure("p50_ms"),
                         .p99_ms = figure("p99_ms"),
                         .cold_start_ms = figure("first_ms"),
                         .cpu_ms = cpu_ms,
                         .busy_ms = starts ? std::max(figure("p50_ms"), cpu_ms) : cpu_ms,
                         .memory_mib = figure("memory_mib"),
                         .failures = std::nullopt,
                         .failed = std::nullopt,
                         .source = std::string(kMeasured)});
  return {};
}

}  // namespace

Figures Beyond(const Figures& own, const Figures& prior) {
  const auto more = [](double of, double than) { return std::max(of - than, 0.0); };
  const bool cold = own.cold_start_ms && prior.cold_start_ms;
  return {.p50_ms = more(own.p50_ms, prior.p50_ms),
          .mean_ms = more(own.mean_ms, prior.mean_ms),
          .p99_ms = more(own.p99_ms, prior.p99_ms),
          .cold_start_ms =
              cold ? std::optional(more(*own.cold_start_ms, *prior.cold_start_ms)) : std::nullopt,
          .cpu_ms = more(own.cpu_ms, prior.cpu_ms),
          .memory_mib = more(own.memory_mib, prior.memory_mib),
          .load_known = own.load_known};
}

Figures Beside(const Figures& prior, const Figures& more) {
  std::optional<double> cold = prior.cold_start_ms;
  if (cold) *cold += more.cold_start_ms.value_or(more.p99_ms);
  return {.p50_ms = prior.p50_ms + more.p50_ms,
          .mean_ms = prior.mean_ms + more.mean_ms,
          .p99_ms = prior.p99_ms + more.p99_ms,
          .cold_start_ms = cold,
          .cpu_ms = prior.cpu_ms + more.cpu_ms,
          .busy_ms = prior.busy_ms + more.cpu_ms,
          .memory_mib = prior.memory_mib + more.memory_mib,
          .load_known = more.load_known,
          .failures = std::nullopt,
          .failed = std::nullopt,
          .source = std::string(kScaled)};
}

meter::Amount Elsewhere(const Load& load, const Figures& here, const Figures& there) {
  const auto each = [](double of, double count) { return count > 0 ? of / count : 0; };
  const Figures own{.mean_ms = each(load.held_ms, load.starts),
                    .cpu_ms = each(load.cpu_ms, load.starts),
                    .memory_mib = each(load.mib_ms, load.held_ms),
                    .source = {}};
  const Figures then = Beside(there, Beyond(own, here));
  const double held_ms = load.starts > 0 ? load.starts * then.mean_ms : load.held_ms;
  return {.cpu_ms = load.starts > 0 ? load.starts * then.cpu_ms : load.cpu_ms,
          .mib_ms = held_ms * then.memory_mib,
          .starts = load.starts};
}

void PriceStart(meter::Prices& prices, model::Class sandbox_class, const Figures& figures) {
  prices.StartComputes(sandbox_class, std::max(figures.busy_ms - figures.cpu_ms, 0.0), kMeasured);
}

Result<Record> ReadRecord(const Json& json) {
  if (!json.is_object()) return Wrong("it is no object");
  const bool has_schema = json.contains("schema");
  if (has_schema && json["schema"] != kRecordSchema) {
    return Wrong(
        "its schema is " + DumpJson(json["schema"]) + ", this strata reads \"" +
        std::string(kRecordSchema) +
        "\"; measure again with 'strata measure --record FILE', or read it with the strata "
        "that wrote it");
  }
  for (const auto& [field, value] : json.items()) {
    if (field == "workload" && value.is_string()) continue;
    if (field == "classes" && value.is_array()) continue;
    if (has_schema &&
        (field == "schema" || std::ranges::find(kForOthers, field) != kForOthers.end())) {
      continue;
    }
    return Wrong("'" + field + "' does not belong there, or has the wrong type");
  }
  if (!json.contains("classes")) return Wrong("classes is missing");
  Record record;
  for (const Json& row : json["classes"]) {
    if (auto added = Add(row, record); !added) return std::unexpected(added.error());
  }
  return record;
}

}  // namespace strata::scheduler
