#include "isolation/isolation.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

#include "base/files/files.h"
#include "base/text/json.h"
#include "base/text/strings.h"
#include "isolation/battery.h"
#include "isolation/classes.h"
#include "isolation/plants.h"
#include "measure/isolation.h"
#include "model/values.h"
#include "output.h"

namespace strata::cli {
namespace {

using measure::Observation;
using measure::Scenario;
using measure::Verdict;

constexpr Bytes kLargestList = Bytes::MiB(1);

class Run {
 public:
  Run(Session& session, const IsolationFlags& flags, const std::function<bool()>& stopped)
      : session_(session), flags_(flags), stopped_(stopped) {}
  Result<Json> Go();
  // kInternal: a guest got further than its class allows. kUnsupported: a class that was asked for
  // is not here, or none is, so that nothing was shown to hold.
  [[nodiscard]] Result<void> Outcome() const;

 private:
  // Everything in one class, or why the class is not here.
  Result<void> TryAll(Battery& battery, model::Class in);
  [[nodiscard]] Json Matrix() const;
  void Progress(const std::string& name, std::size_t done) const;
  [[nodiscard]] Result<void> CheckScenarios(const std::vector<Scenario>& all) const;
  [[nodiscard]] bool Wanted(const Scenario& scenario) const;

  Session& session_;
  const IsolationFlags& flags_;
  const std::function<bool()>& stopped_;
  std::vector<Scenario> scenarios_;
  std::map<std::string, Json> outcomes_;  // scenario -> class -> verdict
  Json lacking_ = Json::object();         // class -> why it is not here
  bool acceptable_ = true;
};

bool Run::Wanted(const Scenario& scenario) const {
  const auto& only = flags_.scenarios;
  return only.empty() || std::find(only.begin(), only.end(), scenario.id) != only.end();
}

// A misspelt one would be found to hold for ever.
Result<void> Run::CheckScenarios(const std::vector<Scenario>& all) const {
  std::vector<std::string_view> ids;
  for (const Scenario& each : all) ids.emplace_back(each.id);
  for (const std::string& asked : flags_.scenarios) {
    if (std::ranges::find(ids, asked) != ids.end()) continue;
    return Fail(Errc::kInvalidArgument,
                "no scenario is called '" + asked + "'" + DidYouMean(asked, ids));
  }
  return {};
}

void Run::Progress(const std::string& name, std::size_t done) const {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%s: %zu of %zu ", name.c_str(), done, scenarios_.size());
  if (done == scenarios_.size()) std::fprintf(stderr, "\r\033[K");
}

Result<Json> Run::Go() {
  auto list = ReadFile(ShareFolder("battery") / "scenarios.json", kLargestList);
  if (!list) return Wrap(std::move(list).error(), "the battery is not installed");
  auto all = measure::ParseCatalogue(*list);
  if (!all) return std::unexpected(std::move(all).error());
  if (auto known = CheckScenarios(*all); !known) return std::unexpected(std::move(known).error());
  std::erase_if(*all, [this](const Scenario& each) { return !Wanted(each); });
  scenarios_ = std::move(*all);
  auto through = ParseThrough(flags_.through);
  if (!through) return std::unexpected(std::move(through).error());
  auto classes = ChooseClasses(flags_.classes);
  if (!classes) return std::unexpected(std::move(classes).error());
  auto plants = Plants::Make();
  if (!plants) return std::unexpected(std::move(plants).error());
  for (const model::Class each : *classes) {
    Battery battery(session_, *through, each, *plants);
    if (auto deployed = battery.Deploy(); !deployed) {
      if (deployed.error().code != Errc::kUnsupported) {
        return Wrap(std::move(deployed).error(), std::string(model::ClassName(each)));
      }
      lacking_[std::string(model::ClassName(each))] = deployed.error().message;
      continue;
    }
    auto tried = TryAll(battery, each);
    auto removed = battery.Remove();
    if (!tried) return std::unexpected(std::move(tried).error());
    if (!removed) return std::unexpected(std::move(removed).error());
  }
  return Matrix();
}

Result<void> Run::TryAll(Battery& battery, model::Class in) {
  const std::string name(model::ClassName(in));
  for (std::size_t i = 0; i < scenarios_.size(); ++i) {
    Progress(name, i);
    if (stopped_ && stopped_()) return Fail(Errc::kUnavailable, "stopped");
    if (!battery.Takes(scenarios_[i])) continue;
    const Observation seen = battery.Try(scenarios_[i]);
    const Verdict verdict = measure::Judge(scenarios_[i], in, seen);
    acceptable_ = acceptable_ && verdict.acceptable();
    outcomes_[scenarios_[i].id][name] = measure::ToJson(verdict);
  }
  Progress(name, scenarios_.size());
  return {};
}

Result<void> Run::Outcome() const {
  if (!acceptable_) return Fail(Errc::kInternal, "a guest got further than its class allows");
  if (!flags_.classes.empty() && !lacking_.empty()) {
    return Fail(Errc::kUnsupported, "nothing was tried in class " + lacking_.begin().key());
  }
  if (outcomes_.empty()) return Fail(Errc::kUnsupported, "nothing was tried in any class");
  return {};
}

Json Run::Matrix() const {
  Json result{{"scenarios", Json::array()}, {"lacking", lacking_}, {"through", flags_.through}};
  for (const Scenario& each : scenarios_) {
    const auto found = outcomes_.find(each.id);
    if (found == outcomes_.end()) continue;
    Json entry{{"id", each.id}, {"title", each.title}, {"outcomes", found->second}};
    if (!each.cve.empty()) entry["cve"] = each.cve;
    result["scenarios"].push_back(std::move(entry));
  }
  return result;
}

// The native outcomes of another run, into the matrix.
Result<void> AddNative(const std::string& path, Json& result) {
  auto text = ReadFile(path, kLargestList);
  if (!text) return std::unexpected(std::move(text).error());
  auto native = ParseJson(*text);
  if (!native || !native->is_object()) {
    return Fail(Errc::kInvalidArgument, path + ": not the outcomes of a native run");
  }
  for (Json& scenario : result["scenarios"]) {
    const auto found = native->find(scenario["id"].get<std::string>());
    if (found == native->end()) continue;
    scenario["outcomes"]["native"] = *found;
    scenario["outcomes"]["native"]["expected"] = "allowed";
  }
  return {};
}

std::string Cell(const Json& outcomes, const char* name) {
  const auto found = outcomes.find(name);
  if (found == outcomes.end()) return "-";
  const std::string outcome = found->value("outcome", "?");
  const bool native = std::string_view(name) == "native";
  const bool good = outcome == "blocked" || outcome == "contained";
  if (native || outcome == "n/a") return Paint(outcome, Colour::kDim);
  return Paint(outcome, good ? Colour::kGreen : Colour::kRed);
}

void PrintMatrix(const Json& result) {
  Table table({"SCENARIO", "NATIVE", "WASM", "CONTAINER", "APPKERNEL", "MICROVM",
               "CONTAINER IN MICROVM", "WHAT"});
  for (const Json& each : result["scenarios"]) {
    const Json& outcomes = each["outcomes"];
    std::string what = each["title"].get<std::string>();
    if (each.contains("cve")) what += " (" + each["cve"].get<std::string>() + ")";
    table.Add({each["id"].get<std::string>(), Cell(outcomes, "native"), Cell(outcomes, "wasm"),
               Cell(outcomes, "container"), Cell(outcomes, "appkernel"), Cell(outcomes, "microvm"),
               Cell(outcomes, "container-in-microvm"), what});
  }
  Print(table.Render());
  for (const auto& [name, why] : result["lacking"].items()) {
    Print("\nThis server has no class " + name + ": " + why.get<std::string>() + "\n");
  }
}

}  // namespace

Result<Json> TryIsolation(Session& session, const IsolationFlags& flags,
                          const std::function<bool()>& stopped) {
  return Run(session, flags, stopped).Go();
}

void ProbeIsolation(Session& session, const IsolationFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  const std::function<bool()> never;
  Run run(session, flags, never);
  auto result = run.Go();
  if (!result) return session.Report(result.error());
  if (!flags.native.empty()) {
    if (auto added = AddNative(flags.native, *result); !added) return session.Report(added.error());
  }
  if (IsStructured(*format)) {
    PrintValue(*result, *format);
  } else {
    PrintMatrix(*result);
  }
  if (auto outcome = run.Outcome(); !outcome) session.Report(outcome.error());
}

}  // namespace strata::cli
