// strata measure - what one small workload costs in each class on the server's host.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "classes.h"
#include "measure/figures.h"
#include "model/values.h"
#include "output.h"
#include "verbs.h"

namespace strata::cli {
namespace {

using measure::ClassFigures;
using SteadyClock = std::chrono::steady_clock;

constexpr int kCalls = 200;
constexpr int kQuickCalls = 20;

struct MeasureFlags {
  bool quick = false;
  std::string record;
  std::vector<std::string> classes;
};

double MillisecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

ClassWorkload Hello() {
  return {.folder = ShareFolder("hello"),
          .name = "hello",
          .space = "strata-measure",
          .env = {},
          .limits = {{"memory_mib", 64}, {"timeout_ms", 20'000}, {"cpu_time_ms", 10'000}}};
}

// One call that must answer as the workload does.
Result<double> TimedCall(Session& session, const ClassWorkload& workload, model::Class in) {
  const auto start = SteadyClock::now();
  auto answer = Call(session, workload, in, "/");
  const double took = MillisecondsSince(start);
  if (!answer) return std::unexpected(std::move(answer).error());
  if (answer->body != "hello, world\n") {
    return Fail(Errc::kInternal, "the workload answers something else");
  }
  return took;
}

// What the platform saw of it.
void AddUse(Session& session, const std::string& name, ClassFigures& to) {
  auto top = session.AskJson("GET", "/v1/top");
  if (!top) return;
  for (const Json& row : (*top)["functions"]) {
    if (row.value("name", "") != name) continue;
    to.memory_mib = row.value("memory_mib", 0.0);
    to.cpu_ms = row.value("cpu_ms", 0.0) / std::max(row.value("requests", 0.0), 1.0);
  }
}

Result<ClassFigures> MeasureClass(Session& session, model::Class in, int calls) {
  ClassWorkload workload = Hello();
  // Every call starts its sandbox, which is most of what the figures are about.
  if (in != model::Class::kWasm) workload.more = {{"scale", {{"keep_alive", "0s"}}}};
  ClassFigures figures;
  figures.sandbox_class = model::ClassName(in);
  const auto start = SteadyClock::now();
  if (auto deployed = Deploy(session, workload, in); !deployed) {
    if (session.no_server) return std::unexpected(std::move(deployed).error());
    figures.lacking = deployed.error().message;
    return figures;
  }
  figures.deploy_ms = MillisecondsSince(start);
  Result<double> took = TimedCall(session, workload, in);
  if (took) figures.first_ms = *took;
  for (int i = 0; i < calls && took; ++i) {
    took = TimedCall(session, workload, in);
    if (took) figures.call_ms.push_back(*took);
  }
  AddUse(session, "hello-" + figures.sandbox_class, figures);
  auto removed = Remove(session, workload, in);
  if (!took) return std::unexpected(std::move(took).error());
  if (!removed) return std::unexpected(std::move(removed).error());
  return figures;
}

void PrintFigures(const Json& result) {
  Table table({"CLASS", "DEPLOY MS", "FIRST MS", "P50 MS", "P90 MS", "MAX MS", "MEMORY MIB"});
  for (const Json& each : result["classes"]) {
    const std::string name = each["class"].get<std::string>();
    if (each.contains("lacking")) {
      table.Add({name, "-", "-", "-", "-", "-", each["lacking"].get<std::string>()});
      continue;
    }
    table.Add({name, Fixed(each["deploy_ms"], 2), Fixed(each["first_ms"], 2),
               Fixed(each["p50_ms"], 2), Fixed(each["p90_ms"], 2), Fixed(each["max_ms"], 2),
               Fixed(each["memory_mib"], 2)});
  }
  Print(table.Render());
}

void Measure(Session& session, const MeasureFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  auto classes = ChooseClasses(flags.classes);
  if (!classes) return session.Report(classes.error());
  Json result{{"workload", "hello"}, {"classes", Json::array()}};
  for (const model::Class each : *classes) {
    auto figures = MeasureClass(session, each, flags.quick ? kQuickCalls : kCalls);
    if (!figures) return session.Report(figures.error());
    result["classes"].push_back(measure::ToJson(*figures));
  }
  auto told = session.AskJson("PUT", "/v1/measurements", result);
  if (!told) return session.Report(told.error());
  if (!flags.record.empty()) {
    auto kept = WriteFileAtomic(flags.record, DumpJson(result) + "\n", 0644);
    if (!kept) return session.Report(kept.error());
  }
  if (IsStructured(*format)) return PrintValue(result, *format);
  PrintFigures(result);
}

}  // namespace

void AddMeasure(CLI::App& app, Session& session) {
  auto flags = std::make_shared<MeasureFlags>();
  CLI::App* verb = app.add_subcommand("measure", "What a small workload costs in each class here");
  verb->add_flag("--quick", flags->quick, "20 calls of each class, not 200");
  verb->add_option("--record", flags->record, "Write the figures to this file, as JSON");
  verb->add_option("--class", flags->classes, "Only this class; several are allowed");
  verb->footer(
      "Deploys one program in every class of the running server, calls it one call after the\n"
      "other, and removes it. Times are the client's; memory is the most that one call took.\n"
      "The server keeps the figures: where a manifest names no class, it chooses by them\n"
      "(strata explain). Measure on an idle machine.\n"
      "Example:\n  strata measure --quick --record figures.json");
  verb->callback([&session, flags] { Measure(session, *flags); });
}

}  // namespace strata::cli
