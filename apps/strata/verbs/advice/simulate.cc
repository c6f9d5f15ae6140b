// strata simulate - what the scheduler's policies would cost, and what callers would wait for, on a
// trace of millions of calls.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/files/files.h"
#include "output.h"
#include "scheduler/record.h"
#include "scheduler/simulate/report.h"
#include "scheduler/simulate/simulator.h"
#include "verbs.h"
#include "verbs/advice/simulate_traces.h"

namespace strata::cli {
namespace {

using namespace scheduler::simulate;  // NOLINT(google-build-using-namespace)

constexpr Bytes kMostRecord = Bytes::MiB(1);
constexpr std::size_t kThreads = 2;
constexpr double kGib = 1ULL << 30;

struct SimulateFlags {
  Shape shape;
  std::string trace;   // a file, or "-"; empty: the built-in one
  std::string record;  // a file; empty: the server's
  std::string record_from;
  std::vector<std::string> policies;
  std::vector<std::string> prices;
  bool what_if = false;
  double node_memory_gib = 64;
  Settings settings;
};

struct Measured {
  scheduler::Record record;
  std::string from;  // which one it is: "figures.json, measured 2026-01-31T10:00:00Z on an EPYC"
};

std::string NameOf(const Json& record, const std::string& where) {
  const auto text = [](const Json& of, const char* field) {
    const auto found = of.find(field);
    return found != of.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const std::string when = text(record, "measured");
  const std::string processor = text(record.value("host", Json::object()), "processor");
  return where + (when.empty() ? "" : ", measured " + when) +
         (processor.empty() ? "" : " on " + processor);
}

Result<Measured> LoadRecord(Session& session, const std::string& file) {
  const std::string where = file.empty() ? "the server's record" : file;
  Result<Json> json = Json();
  if (file.empty()) {
    json = session.AskJson("GET", "/v1/measurements");
    if (!json && session.no_server) {
      return Fail(Errc::kFailedPrecondition,
                  "sizes and start-ups come from this host's measurements: give them with --record "
                  "FILE, which 'strata measure --record FILE' writes, or start the server that has "
                  "them ('strata up')");
    }
  } else {
    auto text = ReadFile(file, kMostRecord);
    if (!text) return std::unexpected(std::move(text).error());
    json = ParseJson(*text, kMostRecord);
  }
  if (!json) return Wrap(std::move(json).error(), where);
  auto record = scheduler::ReadRecord(*json);
  if (!record) return Wrap(std::move(record).error(), where);
  return Measured{*std::move(record), NameOf(*json, where)};
}

// What a run's outcome is shown as.
enum class Part : std::uint8_t { kPolicy, kVariant, kWhatIf };

struct Job {
  Part part = Part::kPolicy;
  Policy policy = Policy::kStrata;
  double wasm_share = 0;
  Result<Outcome> outcome = Outcome();
};

// How far a long run is, on a terminal.
class Progress {
 public:
  explicit Progress(std::uint64_t calls) : calls_(calls), shown_(::isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Add(std::uint64_t calls) {
    if (!shown_) return;
    const std::lock_guard lock(mutex_);
    done_ += calls;
    const std::uint64_t percent = 100 * done_ / std::max<std::uint64_t>(calls_, 1);
    if (percent == percent_) return;
    percent_ = percent;
    std::fprintf(stderr, "\rsimulating: %3llu %% of %llu million calls",
                 static_cast<unsigned long long>(percent),
                 static_cast<unsigned long long>(calls_ / 1'000'000));
    std::fflush(stderr);
  }

 private:
  const std::uint64_t calls_;
  const bool shown_;
  std::mutex mutex_;
  std::uint64_t done_ = 0;
  std::uint64_t percent_ = 100;
};

Result<Outcome> RunOne(const Traces& traces, const Settings& settings, const Job& job,
                       Progress& progress) {
  Settings own = settings;
  own.wasm_share = job.wasm_share;
  auto trace = traces.Make();
  if (!trace) return std::unexpected(std::move(trace).error());
  std::uint64_t told = 0;
  return Simulate(own, job.policy, **trace, [&progress, &told](std::uint64_t calls) {
    progress.Add(calls - told);
    told = calls;
  });
}

// Two at a time: simulations share nothing.
void RunAll(const Traces& traces, const Settings& settings, std::vector<Job>& jobs) {
  Progress progress(traces.calls() * jobs.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < std::min(kThreads, jobs.size()); ++i) {
    threads.emplace_back([&] {
      for (std::size_t job = next++; job < jobs.size(); job = next++) {
        jobs[job].outcome = RunOne(traces, settings, jobs[job], progress);
      }
    });
  }
}

std::vector<Job> MakeJobs(const SimulateFlags& flags) {
  std::vector<Job> jobs;
  const double share = flags.settings.wasm_share;
  for (const Policy each : kPolicies) {
    const bool wanted = flags.policies.empty() ||
                        std::ranges::find(flags.policies, PolicyName(each)) != flags.policies.end();
    if (wanted) jobs.push_back({.policy = each, .wasm_share = share});
  }
  if (flags.policies.empty()) {
    for (const double of : {0.0, 0.25, 0.5, 1.0}) {
      jobs.push_back({.part = Part::kVariant, .wasm_share = of});
    }
  }
  if (flags.what_if) {
    for (const Policy each :
         {Policy::kAllContainer, Policy::kSomeMicrovm, Policy::kWasmIfSensitive}) {
      jobs.push_back({.part = Part::kWhatIf, .policy = each, .wasm_share = share});
    }
  }
  return jobs;
}

Json ToJson(const SimulateFlags& flags, const Traces& traces, const std::vector<Job>& jobs) {
  const Settings& settings = flags.settings;
  Json result{{"policies", Json::array()},
              {"details", Json::object()},
              {"trace", traces.ToJson(jobs.front().outcome->span)},
              {"prices", settings.prices.ToJson()},
              {"record", RecordOf(settings.record)},
              {"assumptions",
               {{"wasm_share", settings.wasm_share},
                {"cpu_share", settings.cpu_share},
                {"nodes", settings.nodes},
                {"node_memory_gib", static_cast<double>(settings.node_memory.count) / kGib}}}};
  result["record"]["from"] = flags.record_from;
  std::vector<const Outcome*> what_if;
  for (const Job& job : jobs) {
    Json row = RowOf(job.policy, *job.outcome);
    if (job.part == Part::kPolicy) {
      result["policies"].push_back(std::move(row));
      result["details"][std::string(PolicyName(job.policy))] = DetailsOf(*job.outcome);
    } else if (job.part == Part::kVariant) {
      row["wasm_share"] = job.wasm_share;
      result["variants"].push_back(std::move(row));
    } else {
      what_if.push_back(&*job.outcome);
    }
  }
  if (!what_if.empty()) result["what_if"] = WhatIf(*what_if[0], *what_if[1], *what_if[2]);
  return result;
}

void PrintTables(const Json& result) {
  const std::vector<std::string> columns = {"USD",           "COLD %",     "P50 MS", "P99 MS",
                                            "WAIT P99.9 MS", "SLO KEPT %", "USED %", "REFUSED %"};
  const bool slo = result["trace"]["functions_with_slo"] != 0;
  const auto cells = [slo](const Json& row, std::string first) -> std::vector<std::string> {
    const auto percent = [&row](const char* field, int digits) {
      return Fixed(100 * row[field].get<double>(), digits);
    };
    return {std::move(first),
            Money(row["cost"]),
            percent("cold_start_rate", 3),
            Fixed(row["p50_ms"], 1),
            Fixed(row["p99_ms"], 1),
            Fixed(row["wait_p999_ms"], 1),
            slo ? percent("slo_met", 3) : "-",
            percent("utilisation", 1),
            percent("refused", 3)};
  };
  const auto header = [&columns](const char* first) {
    std::vector<std::string> cells = {first};
    cells.insert(cells.end(), columns.begin(), columns.end());
    return cells;
  };
  Table table(header("POLICY"));
  for (const Json& row : result["policies"]) table.Add(cells(row, row["policy"]));
  Print(table.Render());
  if (result.contains("variants")) {
    Table variants(header("STRATA, FUNCTIONS WITH A WASM VARIANT"));
    for (const Json& row : result["variants"]) {
      variants.Add(cells(row, Fixed(100 * row["wasm_share"].get<double>(), 0) + " %"));
    }
    Print("\n" + variants.Render());
  }
  if (result.contains("what_if")) {
    Table claims({"WHAT IF", "CLAIMED", "SIMULATED"});
    for (const Json& row : result["what_if"]) {
      claims.Add({row["what"], row["claimed"], row["simulated"]});
    }
    Print("\n" + claims.Render());
  }
}

std::string PopularityOf(const Json& trace) {
  const auto popularity = trace.find("popularity");
  if (popularity == trace.end()) return "";
  const auto [compression, slower] =
      std::pair{(*popularity)["compression"].get<double>(), (*popularity)["slower"].get<double>()};
  if (slower > 1) {
    return "; these are so few calls that each function is called " + Fixed(slower, 1) +
           " times less often than was published";
  }
  if (compression == 1) return "";
  return "; the logarithm of how often the popular half is called is " + Fixed(compression, 2) +
         " of what was published";
}

void PrintInputs(const Json& result) {
  const Json& trace = result["trace"];
  const Json& assumed = result["assumptions"];
  Print("\nTrace: " + trace["source"].get<std::string>() + "; " + Fixed(trace["calls"], 0) +
        " calls of " + Fixed(trace["functions"], 0) + " functions in " + Fixed(trace["hours"], 2) +
        " hours" + PopularityOf(trace) +
        "\nAssumed: " + Fixed(100 * assumed["wasm_share"].get<double>(), 0) +
        " % of the functions have a wasm variant; calls compute for " +
        Fixed(100 * assumed["cpu_share"].get<double>(), 0) + " % of their time; " +
        Fixed(assumed["nodes"], 0) + " nodes of " + Fixed(assumed["node_memory_gib"], 1) +
        " GiB\n");
  Print("Prices, USD: " + result["prices"]["source"].get<std::string>() + "\n");
  Table prices({"CLASS", "PROCESSOR HOUR", "GIB HOUR", "START", "FROM", "NO WAIT"});
  for (const auto& [name, price] : result["prices"]["classes"].items()) {
    prices.Add({name, Fixed(price["cpu_hour"], 5), Fixed(price["gib_hour"], 6),
                Money(price["start"]), price["start_from"], Fixed(price["wait"], 6)});
  }
  Print(prices.Render());
  for (const auto& [node, factor] : result["prices"]["nodes"].items()) {
    Print("On " + node + ": times " + Fixed(factor, 3) + "\n");
  }
  Print("Record ('strata measure'): " + result["record"]["from"].get<std::string>() + "\n");
  Table record({"CLASS", "FIRST MS", "P50 MS", "P99 MS", "CPU MS", "MEMORY MIB"});
  for (const Json& row : result["record"]["classes"]) {
    record.Add({row["class"], Fixed(row["first_ms"], 2), Fixed(row["p50_ms"], 2),
                Fixed(row["p99_ms"], 2), Fixed(row["cpu_ms"], 2), Fixed(row["memory_mib"], 2)});
  }
  Print(record.Render());
}

Result<Json> RunSimulations(Session& session, SimulateFlags& flags) {
  for (const std::string& price : flags.prices) {
    if (auto set = flags.settings.prices.Set(price); !set) return std::unexpected(set.error());
  }
  if (!(flags.node_memory_gib > 0 && flags.node_memory_gib <= 1 << 20)) {
    return Fail(Errc::kInvalidArgument, "a node has more than 0 and at most 1048576 GiB");
  }
  flags.settings.node_memory = Bytes{static_cast<std::uint64_t>(flags.node_memory_gib * kGib)};
  flags.settings.seed = flags.shape.seed;
  auto record = LoadRecord(session, flags.record);
  if (!record) return std::unexpected(std::move(record).error());
  for (const auto& [sandbox_class, figures] : record->record) {
    scheduler::PriceStart(flags.settings.prices, sandbox_class, figures);
  }
  flags.settings.record = std::move(record->record);
  flags.record_from = std::move(record->from);
  if (auto good = CheckSettings(flags.settings); !good) return std::unexpected(good.error());
  auto traces = Traces::Open(flags.shape, flags.trace);
  if (!traces) return std::unexpected(std::move(traces).error());
  std::vector<Job> jobs = MakeJobs(flags);
  RunAll(*traces, flags.settings, jobs);
  for (const Job& job : jobs) {
    if (!job.outcome) return std::unexpected(job.outcome.error());
  }
  return ToJson(flags, *traces, jobs);
}

void RunVerb(Session& session, SimulateFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  auto result = RunSimulations(session, flags);
  if (!result) return session.Report(result.error());
  if (IsStructured(*format)) return PrintValue(*result, *format);
  PrintTables(*result);
  PrintInputs(*result);
}

void AddOptions(CLI::App& verb, SimulateFlags& flags) {
  std::vector<std::string> names;
  for (const Policy each : kPolicies) names.emplace_back(PolicyName(each));
  verb.add_option("--record", flags.record, "Figures that 'strata measure --record' wrote");
  auto* file =
      verb.add_option("--trace", flags.trace, "Calls from a CSV file ('-': standard input)");
  verb.add_option("--seed", flags.shape.seed, "Of the trace and of who has a variant (1)");
  verb.add_option("--functions", flags.shape.functions, "How many (2000)")->excludes(file);
  verb.add_option("--calls", flags.shape.calls, "How many (1000000)")->excludes(file);
  verb.add_option("--hours", flags.shape.hours, "In about how long (24)")->excludes(file);
  verb.add_option("--medium-security", flags.shape.medium_security, "Share that asks for it (0.15)")
      ->excludes(file);
  verb.add_option("--high-security", flags.shape.high_security, "Share that asks for it (0.05)")
      ->excludes(file);
  verb.add_option("--policy", flags.policies, "Only this policy, or these: strata,all-wasm")
      ->delimiter(',')
      ->check(CLI::IsMember(names));
  verb.add_option("--wasm-share", flags.settings.wasm_share, "Functions with a wasm variant (0.5)");
  verb.add_option("--cpu-share", flags.settings.cpu_share, "Of a call's time, computing (0.1)");
  verb.add_option("--nodes", flags.settings.nodes, "How many (100)");
  verb.add_option("--node-memory-gib", flags.node_memory_gib, "Of each (64)");
  verb.add_option("--price", flags.prices,
                  "As stratad's: gib_hour=0.004, microvm.start=1e-6, node.node-1*=0.3");
  verb.add_flag("--what-if", flags.what_if, "Also two claims of what moving workloads brings");
}

}  // namespace

void AddSimulate(CLI::App& app, Session& session) {
  auto flags = std::make_shared<SimulateFlags>();
  CLI::App* verb = app.add_subcommand("simulate", "What placing and keeping sandboxes would cost");
  AddOptions(*verb, *flags);
  verb->footer(
      "Drives the scheduler's own code with a trace, on a virtual clock. strata chooses classes "
      "and\n"
      "learns how long idle sandboxes are worth their memory; fixed-keep-alive chooses classes "
      "and\n"
      "keeps everything for ten minutes; all-container, all-wasm and all-microvm put everything "
      "into\n"
      "one class, whether it could run there or not, and keep it for ten minutes. A cold start is "
      "a\n"
      "call that waited for a creation. Sizes and start-ups are this host's: from --record or "
      "from\n"
      "the server ('strata measure'). The same seed prints the same figures.\n"
      "A trace in a file has the columns function, start_ms, duration_ms and, if it has them,\n"
      "memory_mib, p99_ms, cold_start_ms, security, wasm; see docs/simulator.md.\n"
      "Examples:\n"
      "  strata simulate --record figures.json --what-if\n"
      "  strata simulate --functions 1000000 --calls 100000000 --nodes 10000 --policy strata");
  verb->callback([&session, flags] { RunVerb(session, *flags); });
}

}  // namespace strata::cli
