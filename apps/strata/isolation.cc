#include "isolation.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "base/json.h"
#include "classes.h"
#include "measure/isolation.h"
#include "model/values.h"
#include "output.h"
#include "plants.h"

namespace strata::cli {
namespace {

using measure::Observation;
using measure::Scenario;
using measure::Verdict;

constexpr Bytes kLargestList = Bytes::MiB(1);

ClassWorkload Battery(const Plants& plants) {
  return {.folder = ShareFolder("battery"),
          .name = "battery",
          .space = "strata-isolation",
          .env = plants.Environment(),
          .limits = {{"memory_mib", 96},
                     {"cpu_time_ms", 2'000},
                     {"timeout_ms", 6'000},
                     {"response_kib", 1'024}}};
}

class Run {
 public:
  Run(Session& session, const IsolationFlags& flags) : session_(session), flags_(flags) {}
  Result<Json> Go();
  [[nodiscard]] bool all_acceptable() const noexcept { return acceptable_; }

 private:
  Observation Try(const ClassWorkload& battery, model::Class in, const Scenario& scenario);
  void Progress(const std::string& name, std::size_t done) const;
  [[nodiscard]] bool Wanted(const Scenario& scenario) const;

  Session& session_;
  const IsolationFlags& flags_;
  std::vector<Scenario> scenarios_;
  Json lacking_ = Json::object();  // class -> why it is not here
  bool acceptable_ = true;
};

bool Run::Wanted(const Scenario& scenario) const {
  const auto& only = flags_.scenarios;
  return only.empty() || std::find(only.begin(), only.end(), scenario.id) != only.end();
}

void Run::Progress(const std::string& name, std::size_t done) const {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%s: %zu of %zu ", name.c_str(), done, scenarios_.size());
  if (done == scenarios_.size()) std::fprintf(stderr, "\r\033[K");
}

Observation Run::Try(const ClassWorkload& battery, model::Class in, const Scenario& scenario) {
  auto answer = Call(session_, battery, in, "/" + scenario.id);
  if (!answer) return {.answered = false, .answer = "", .problem = answer.error().message};
  return {.answered = true, .answer = answer->body, .problem = ""};
}

Result<Json> Run::Go() {
  auto list = ReadFile(ShareFolder("battery") / "scenarios.json", kLargestList);
  if (!list) return Wrap(std::move(list).error(), "the battery is not installed");
  auto all = measure::ParseCatalogue(*list);
  if (!all) return std::unexpected(std::move(all).error());
  std::erase_if(*all, [this](const Scenario& each) { return !Wanted(each); });
  scenarios_ = std::move(*all);
  auto plants = Plants::Make();
  if (!plants) return std::unexpected(std::move(plants).error());
  auto classes = ChooseClasses(flags_.classes);
  if (!classes) return std::unexpected(std::move(classes).error());
  const ClassWorkload battery = Battery(*plants);
  std::map<std::string, Json> outcomes;
  for (const model::Class each : *classes) {
    const std::string name(model::ClassName(each));
    if (auto deployed = Deploy(session_, battery, each); !deployed) {
      if (session_.no_server) return std::unexpected(std::move(deployed).error());
      lacking_[name] = deployed.error().message;
      continue;
    }
    for (std::size_t i = 0; i < scenarios_.size(); ++i) {
      Progress(name, i);
      const Verdict verdict =
          measure::Judge(scenarios_[i], each, Try(battery, each, scenarios_[i]));
      acceptable_ = acceptable_ && verdict.acceptable();
      outcomes[scenarios_[i].id][name] = measure::ToJson(verdict);
    }
    Progress(name, scenarios_.size());
    auto removed = Remove(session_, battery, each);
    if (!removed) return std::unexpected(std::move(removed).error());
  }
  Json result{{"scenarios", Json::array()}, {"lacking", lacking_}};
  for (const Scenario& each : scenarios_) {
    Json entry{{"id", each.id}, {"title", each.title}, {"outcomes", outcomes[each.id]}};
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
  Table table({"SCENARIO", "NATIVE", "WASM", "CONTAINER", "APPKERNEL", "MICROVM", "WHAT"});
  for (const Json& each : result["scenarios"]) {
    const Json& outcomes = each["outcomes"];
    std::string what = each["title"].get<std::string>();
    if (each.contains("cve")) what += " (" + each["cve"].get<std::string>() + ")";
    table.Add({each["id"].get<std::string>(), Cell(outcomes, "native"), Cell(outcomes, "wasm"),
               Cell(outcomes, "container"), Cell(outcomes, "appkernel"), Cell(outcomes, "microvm"),
               what});
  }
  Print(table.Render());
  for (const auto& [name, why] : result["lacking"].items()) {
    Print("\nThis server has no class " + name + ": " + why.get<std::string>() + "\n");
  }
}

}  // namespace

void ProbeIsolation(Session& session, const IsolationFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  Run run(session, flags);
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
  if (!run.all_acceptable()) {
    session.Report({Errc::kInternal, "a guest got further than its class allows"});
  }
}

}  // namespace strata::cli
