#include "measure/record.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>
#include <utility>

#include "base/text/strings.h"
#include "measure/rows.h"
#include "model/values.h"

namespace strata::measure {
namespace {

constexpr double kMost = 1e15;

std::unexpected<Error> Wrong(const std::string& what) {
  return Fail(Errc::kInvalidArgument, "not a record of measurements: " + what);
}

// The members of one object, each asked for once. The first problem counts; what was never asked
// for is one, too.
class Members {
 public:
  Members(const Json& object, std::string name) : object_(object), name_(std::move(name)) {
    if (!object.is_object()) problem_ = name_ + " must be an object";
  }

  std::string Text(const char* key) {
    const Json* value = Take(key);
    if (value == nullptr) return "";
    if (value->is_string()) return value->get<std::string>();
    Note(key, "must be text");
    return "";
  }
  double Number(const char* key) {
    const Json* value = Take(key);
    if (value == nullptr) return 0;
    if (value->is_number() && *value >= 0 && *value <= kMost) return value->get<double>();
    Note(key, "must be a number from 0 to 1e15");
    return 0;
  }
  // Null after a problem.
  const Json* Take(const char* key) {
    asked_.emplace_back(key);
    if (problem_) return nullptr;
    const auto found = object_.find(key);
    if (found != object_.end()) return &*found;
    Note(key, "is missing");
    return nullptr;
  }
  [[nodiscard]] bool Has(const char* key) const { return !problem_ && object_.contains(key); }
  void Note(const char* key, const std::string& what) {
    if (!problem_) problem_ = name_ + "." + key + " " + what;
  }
  std::optional<std::string> Problem() {
    if (problem_) return problem_;
    for (const auto& [key, value] : object_.items()) {
      if (std::ranges::find(asked_, key) == asked_.end()) {
        return name_ + " has an unknown member '" + key + "'";
      }
    }
    return std::nullopt;
  }

 private:
  const Json& object_;
  std::string name_;
  std::vector<std::string> asked_;
  std::optional<std::string> problem_;
};

// Nothing: such a row is measured, there, and in that unit.
std::optional<std::string> Foreign(const Series& series) {
  const Row* row = FindRow(series.row);
  if (row == nullptr || row->made != Made::kTaken) {
    return "row '" + EscapeControl(series.row) + "' is none that is measured";
  }
  if (series.in != kHost && series.in != kProcess && !model::ClassFromName(series.in)) {
    return series.row + ".in '" + EscapeControl(series.in) + "' is no class, 'process' or 'host'";
  }
  if (series.unit == row->unit) return std::nullopt;
  return series.row + " in " + series.in + ": its unit must be '" + std::string(row->unit) +
         "', not '" + EscapeControl(series.unit) + "'";
}

Result<Series> ReadSeries(const Json& json) {
  Members members(json, "a row");
  Series series{.row = members.Text("row"),
                .in = members.Text("in"),
                .unit = members.Text("unit"),
                .samples = {},
                .lacking = ""};
  if (members.Has("lacking")) series.lacking = members.Text("lacking");
  const Json* samples = members.Take("samples");
  if (samples != nullptr && !samples->is_array()) members.Note("samples", "must be a list");
  if (auto problem = members.Problem()) return Wrong(*problem);
  if (auto foreign = Foreign(series)) return Wrong(*foreign);
  for (const Json& each : *samples) {
    if (!each.is_number() || std::fabs(each.get<double>()) > kMost) {
      return Wrong(series.row + " in " + series.in + ": a sample is no number up to 1e15");
    }
    series.samples.push_back(each.get<double>());
  }
  return series;
}

Result<HostFacts> ReadHost(const Json& json) {
  Members members(json, "host");
  HostFacts host{.kernel = members.Text("kernel"),
                 .machine = members.Text("machine"),
                 .processor = members.Text("processor"),
                 .processors = members.Number("processors"),
                 .memory_mib = members.Number("memory_mib"),
                 .load = members.Number("load")};
  if (auto problem = members.Problem()) return Wrong(*problem);
  return host;
}

// What there is beside `classes` and `workload`, which are read already.
Result<void> ReadMore(const Json& json, Record& record) {
  Members members(json, "it");
  static_cast<void>(members.Text("schema"));
  static_cast<void>(members.Take("classes"));
  record.workload = members.Text("workload");
  record.measured = members.Text("measured");
  record.strata = members.Text("strata");
  record.mode = members.Text("mode");
  record.seconds = members.Number("seconds");
  const Json* host = members.Take("host");
  const Json* versions = members.Take("versions");
  const Json* rows = members.Take("rows");
  if (record.measured.empty()) members.Note("measured", "must not be empty");
  if (versions != nullptr && !versions->is_object()) members.Note("versions", "must be an object");
  if (rows != nullptr && !rows->is_array()) members.Note("rows", "must be a list");
  if (auto problem = members.Problem()) return Wrong(*problem);
  auto facts = ReadHost(*host);
  if (!facts) return std::unexpected(std::move(facts).error());
  record.host = *std::move(facts);
  for (const auto& [name, version] : versions->items()) {
    if (!version.is_string()) return Wrong("versions." + name + " must be text");
    record.versions[name] = version.get<std::string>();
  }
  for (const Json& row : *rows) {
    auto series = ReadSeries(row);
    if (!series) return std::unexpected(std::move(series).error());
    if (record.Find(series->row, series->in) != nullptr) {
      return Wrong(series->row + " in " + series->in + " is there twice");
    }
    record.rows.push_back(*std::move(series));
  }
  return {};
}

// By text: a power of ten would be out of range for what is very small.
double Rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return std::strtod(text, nullptr);
}

Json ToJson(const Series& series) {
  Json json{
      {"row", series.row}, {"in", series.in}, {"unit", series.unit}, {"samples", Json::array()}};
  for (const double each : series.samples) json["samples"].push_back(Rounded(each));
  if (!series.lacking.empty()) json["lacking"] = series.lacking;
  return json;
}

}  // namespace

const Series* Record::Find(std::string_view row, std::string_view in) const noexcept {
  const auto same = [&](const Series& each) { return each.row == row && each.in == in; };
  const auto found = std::ranges::find_if(rows, same);
  return found == rows.end() ? nullptr : &*found;
}

Json ToJson(const Record& record) {
  Json json{{"classes", record.classes}};
  if (!record.workload.empty()) json["workload"] = record.workload;
  if (record.measured.empty()) return json;
  json["schema"] = scheduler::kRecordSchema;
  json["workload"] = record.workload;
  json["measured"] = record.measured;
  json["strata"] = record.strata;
  json["mode"] = record.mode;
  json["seconds"] = Rounded(record.seconds);
  json["host"] = {{"kernel", record.host.kernel},
                  {"machine", record.host.machine},
                  {"processor", record.host.processor},
                  {"processors", record.host.processors},
                  {"memory_mib", Rounded(record.host.memory_mib)},
                  {"load", record.host.load}};
  json["versions"] = record.versions;
  json["rows"] = Json::array();
  for (const Series& each : record.rows) json["rows"].push_back(ToJson(each));
  return json;
}

Result<Record> ReadRecord(const Json& json) {
  auto prior = scheduler::ReadRecord(json);
  if (!prior) return std::unexpected(std::move(prior).error());
  Record record;
  record.prior = *std::move(prior);
  record.classes = json["classes"];
  if (!json.contains("schema")) {
    record.workload = json.value("workload", "");
    return record;
  }
  if (auto more = ReadMore(json, record); !more) return std::unexpected(std::move(more).error());
  return record;
}

Record Merge(const Record& older, Record newer) {
  std::set<std::string> looked_at;
  for (const Series& each : newer.rows) looked_at.insert(each.in);
  Json classes = older.classes;
  for (const Json& row : newer.classes) {
    looked_at.insert(row["class"].get<std::string>());
    const auto same = [&row](const Json& each) { return each["class"] == row["class"]; };
    const auto found = std::ranges::find_if(classes, same);
    if (found == classes.end()) {
      classes.push_back(row);
    } else {
      *found = row;
    }
  }
  Record merged = newer.measured.empty() && !older.measured.empty() ? older : newer;
  merged.workload = newer.workload;
  merged.classes = std::move(classes);
  merged.prior = std::move(newer.prior);
  for (const auto& [in, figures] : older.prior) {
    if (!looked_at.contains(std::string(model::ClassName(in)))) merged.prior.insert({in, figures});
  }
  merged.rows = std::move(newer.rows);
  for (const Series& each : older.rows) {
    if (!looked_at.contains(each.in)) merged.rows.push_back(each);
  }
  return merged;
}

}  // namespace strata::measure
