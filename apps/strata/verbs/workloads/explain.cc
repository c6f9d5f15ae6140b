// strata explain - why a workload runs in the class in which it runs.
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/text/strings.h"
#include "output.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct ExplainFlags {
  std::string name;
  bool models = false;
};

// "; did you mean 'hello'?", of what is deployed in the namespace; empty: nothing is near.
std::string MeantBy(Session& session, const std::string& name) {
  const auto all = session.ListResources({}, Session::Where::kHere);
  if (!all) return "";
  std::vector<std::string> names;
  for (const Json& each : (*all)["items"]) {
    if (each.value("kind", "") != "Route") names.push_back(each["metadata"].value("name", ""));
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return DidYouMean(name, candidates);
}

// A Function or Service of that name; the two share one name space.
Result<Json> Find(Session& session, const std::string& name) {
  auto found = session.GetResource("functions", name);
  if (found || found.error().code != Errc::kNotFound) return found;
  auto service = session.GetResource("services", name);
  if (service || service.error().code != Errc::kNotFound) return service;
  return Fail(Errc::kNotFound, "no Function or Service '" + EscapeControl(name) +
                                   "' in namespace '" + EscapeControl(session.tenant) +
                                   "'; 'strata get' lists what there is" + MeantBy(session, name));
}

std::string Percent(const Json& share) {
  return share.is_null() ? "-" : Fixed(share.get<double>() * 100, 1) + " %";
}

void PrintModels(const Json& status) {
  const Json models = status.value("models", Json::array());
  if (models.empty()) return;
  Table table({"LEARNED IN", "REVISION", "CALLS", "P50 MS", "P99 MS", "START MS", "COLD P99 MS",
               "MEMORY MIB", "FAILED"});
  for (const Json& each : models) {
    table.Add({each.value("class", ""), each["revision"].dump(), each["calls"].dump(),
               Fixed(each["p50_ms"], 2), Fixed(each["p99_ms"], 2), Fixed(each["start_ms"], 2),
               each.contains("cold_start_ms") ? Fixed(each["cold_start_ms"], 2) : "-",
               Fixed(each["memory_mib"], 2), Percent(each["failure_rate"])});
  }
  Print("\n" + table.Render());
  const Json& prediction = status["prediction"];
  if (prediction["calls"] == 0) return;
  Print("Each of " + prediction["calls"].dump() +
        " calls was predicted before it was learned from: " +
        Percent(prediction.value("explained", Json())) +
        " of the variance of their latency explained, " + "error " +
        Percent(prediction.value("error", Json())) + " (claimed elsewhere: 92 %, below 4 %).\n");
}

// What is kept ready for its calls, and how much of that there is where it can be counted.
std::string PoolOf(const Json& status) {
  const std::string pool = status["placement"].value("pool", "");
  if (pool.empty() || status.contains("moved")) return "";
  const Json running = status.value("sandboxes", Json::object()).value("replicas", Json());
  const std::string count = running.is_array() ? " (" + std::to_string(running.size()) + ")" : "";
  return "; kept ready: " + pool + count;
}

// How many replicas there are of what runs as processes, and why.
void PrintScale(const Json& status) {
  if (!status.contains("scale")) return;
  const Json& scale = status["scale"];
  const auto paused = scale.value("paused", 0U);
  Print("\nReplicas: " + scale["ready"].dump() + " of " + scale["desired"].dump() +
        " serve, at most " + scale["max"].dump() +
        (paused == 0 ? "" : ", " + std::to_string(paused) + " paused ('strata resume')") +
        ". Requests that wait for one: " + scale["waiting"].dump() + ".\n");
  if (!scale.contains("last")) return;
  const Json& last = scale["last"];
  Print("Scaled from " + last["from"].dump() + " to " + last["to"].dump() + " at " +
        last.value("at", "") + ": " + last.value("why", "") + ".\n");
}

// How a Function's sandboxes come that were made before their calls.
void PrintPool(const Json& status) {
  if (!status.contains("pool")) return;
  const Json& pool = status["pool"];
  Print("\nOf its calls " + pool["warm"].dump() + " found a sandbox, and " + pool["cold"].dump() +
        " waited for one. " + pool["ready"].dump() + " of " + pool["wanted"].dump() +
        " wait for calls (" + Fixed(pool["memory_mib"], 1) + " MiB); " + pool["unused"].dump() +
        " were ended without one.\n");
  const std::string problem = pool.value("problem", "");
  if (!problem.empty()) Print("Pool not filled: " + EscapeControl(problem) + "\n");
}

// What is deployed and cannot be reached, so that requests for it fail.
void PrintNotServed(const Json& status) {
  for (const Json& each : status.value("not_served", Json::array())) {
    const bool again = each.value("tried_again", true);
    Print("Revision " + each["revision"].dump() + " in class " + each.value("class", "") +
          (again ? " is not served, and is tried again: " : " is not served: ") +
          EscapeControl(each.value("because", "")) + "\n");
  }
}

// Why traffic is where it is though its class does not do.
void PrintStays(const Json& status) {
  if (!status.contains("stays")) return;
  const Json& stays = status["stays"];
  Print("It stays there although " + EscapeControl(stays.value("because", "")) + ": " +
        EscapeControl(stays.value("why", "")) + ".\n");
}

// What a cluster's operator says of it.
std::string ConditionsOf(const Json& status) {
  std::string text;
  for (const Json& each : status.value("conditions", Json::array())) {
    text += each.value("type", "") + ": " + each.value("status", "") + ", " +
            each.value("reason", "") + " since " + each.value("lastTransitionTime", "") + ": " +
            EscapeControl(each.value("message", "")) + ".\n";
  }
  return text;
}

// "revision 3 in class wasm"
std::string SideOf(const Json& side) {
  return "revision " + side.value("revision", Json()).dump() + " in class " +
         side.value("class", "gone");
}

// Whether a rollout that has not come to rest has taken traffic elsewhere, all or in part.
bool Moves(const Json& status) {
  if (!status.contains("rollout") || status.contains("moved")) return false;
  const Json& rollout = status["rollout"];
  if (rollout.value("state", "") == "running") return true;
  const Json& winner = rollout[rollout["share"] == 0 ? "stable" : "canary"];
  const bool all = rollout["share"] == 0 || rollout["share"] == 100;
  return all && winner.value("target", "") != "";
}

// Where a rollout has the traffic while it moves it.
void PrintMoving(const std::string& full, const Json& rollout) {
  const auto share = rollout["share"].get<int>();
  const bool running = rollout.value("state", "") == "running";
  std::string text =
      full + ": " + std::to_string(share == 0 ? 100 : share) + " % of its traffic goes to " +
      SideOf(rollout[share == 0 ? "stable" : "canary"]) + " since " + rollout.value("since", "") +
      ": " + (running ? "a rollout is running" : rollout.value("because", ""));
  const std::string waits = rollout["figures"].value("waits_for", "");
  if (running && !waits.empty()) text += ", and waits for " + waits;
  text += ".\n";
  if (share > 0 && share < 100) {
    text += "The other " + std::to_string(100 - share) + " % go to " + SideOf(rollout["stable"]) +
            ".\n";
  }
  Print(text);
}

// Where its traffic is, and why.
void PrintWhere(const Json& status, const std::string& full) {
  const Json& placement = status["placement"];
  const std::string placed =
      placement.value("class", "") + ": " + placement.value("because", "") + ".\n";
  if (status.contains("moved")) {
    const Json& moved = status["moved"];
    Print(full + " runs in class " + moved.value("class", "") + ", revision " +
          moved["revision"].dump() + ", since " + moved.value("since", "") + ": " +
          moved.value("because", "") + ".\nThe newest revision was placed in class " + placed);
  } else if (Moves(status)) {
    PrintMoving(full, status["rollout"]);
    Print("The newest revision was placed in class " + placed);
  } else {
    Print(full + " runs in class " + placed);
  }
}

// What a class was seen to miss since the decision; empty: nothing.
std::string Since(const Json& alternative) {
  const std::string missed = alternative.value("missed", "");
  return missed.empty() ? "" : "by now " + missed;
}

std::string WhyNot(const Json& alternative) {
  const std::string lost = alternative.value("lost", "");
  const std::string since = Since(alternative);
  if (lost.empty() && since.empty()) return "-";
  return lost + (lost.empty() || since.empty() ? "" : "; ") + since;
}

// When the class was chosen, and what it was seen to miss since.
void PrintDecided(const Json& placement) {
  const std::string decided = placement.value("decided", "");
  if (!decided.empty()) Print("Decided " + decided + ", by what was known then.\n");
  const std::string advice = placement.value("advice", "");
  if (!advice.empty()) Print("To decide by figures: " + EscapeControl(advice) + ".\n");
  const auto taken = placement.value("class", "");
  for (const Json& each : placement.value("alternatives", Json::array())) {
    const std::string since = each.value("class", "") == taken ? Since(each) : "";
    if (!since.empty()) Print("In class " + taken + " " + since + ".\n");
  }
}

void PrintPlacement(const Json& resource, const std::string& tenant) {
  const Json& placement = resource["status"]["placement"];
  const auto text = [&placement](const char* field) { return placement.value(field, ""); };
  PrintWhere(resource["status"], tenant + "/" + resource["metadata"].value("name", ""));
  PrintStays(resource["status"]);
  PrintNotServed(resource["status"]);
  Print(ConditionsOf(resource["status"]));
  const std::string node = text("node");  // of a cluster's Kubernetes chooses it
  Print("The rule alone (placement: rule) gives " + text("by_rule") + "." +
        (node.empty() ? "" : " Node: " + node + PoolOf(resource["status"]) + ".") + "\n");
  PrintDecided(placement);
  Print("\n");
  const bool service = resource.value("kind", "") == "Service";
  Table table({"CLASS", "P99 MS", "START MS", "MEMORY MIB", "QPS", "FAILED",
               service ? "USD/MONTH" : "USD/MILLION", "SCORE", "FROM", "WHY NOT"});
  for (const Json& each : placement["alternatives"]) {
    const std::string why = WhyNot(each);
    const auto name = each.value("class", "");
    if (!each.contains("estimate")) {
      table.Add({name, "-", "-", "-", "-", "-", "-", "-", "-", why});
      continue;
    }
    const Json& estimate = each["estimate"];
    const auto figure = [&estimate](const char* field, int decimals) {
      return Fixed(estimate.value(field, Json()), decimals);
    };
    table.Add({name, figure("p99_ms", 2), figure("cold_start_ms", 2), figure("memory_mib", 2),
               figure("qps", 0), Percent(estimate.value("failure_rate", Json())),
               Money(estimate.value("cost", Json())), Fixed(each.value("score", Json()), 2),
               estimate.value("source", ""), why});
  }
  Print(table.Render());
  PrintScale(resource["status"]);
  PrintPool(resource["status"]);
  if (resource["status"].contains("rollout")) {
    const Json& rollout = resource["status"]["rollout"];
    Print("\nRollout " + rollout.value("state", "") + ", " + rollout["share"].dump() +
          " % of its traffic to " + SideOf(rollout["canary"]) + ": " +
          rollout.value("because", "") + ".\n");
  }
  PrintModels(resource["status"]);
  if (!resource["status"].contains("variants")) return;
  Table variants({"VARIANT", "DIGEST", "TAKEN"});
  for (const Json& each : resource["status"]["variants"]) {
    variants.Add({each.value("kind", ""), each.value("digest", ""),
                  each.value("taken", false) ? "taken" : "-"});
  }
  Print("\n" + variants.Render());
}

std::string Pair(const Json& quantiles) {
  return Fixed(quantiles["p50"], 2) + " / " + Fixed(quantiles["p99"], 2);
}

std::string Range(const Json& claim, const char* field) {
  const Json& range = claim[field];
  return Fixed(range["min"], 0) + "-" + Fixed(range["max"], 0);
}

// Where a keeper makes the sandbox its start is within the service time, and no figure of its own
// to stand beside what is claimed of starts.
std::string StartOf(const Json& model) {
  return model.value("class", "") == "wasm" ? Pair(model["start_ms"]) : "-";
}

void PrintAllModels(const Json& all) {
  Table table({"NAME", "CLASS", "REVISION", "CALLS", "START MS", "CLAIMED", "SERVICE MS", "PRIOR",
               "CPU MS", "MEMORY MIB", "CLAIMED", "FAILED", "EXPLAINED", "ERROR"});
  for (const Json& each : all["models"]) {
    const Json& prior = each.value("prior", Json());
    const Json& score = each["prediction"];
    table.Add(
        {each.value("name", ""), each.value("class", ""), each["revision"].dump(),
         each["calls"].dump(), StartOf(each), Range(each["claim"], "cold_start_ms"),
         Pair(each["service_ms"]),
         prior.is_null() ? "-" : Fixed(prior["p50_ms"], 2) + " / " + Fixed(prior["p99_ms"], 2),
         Fixed(each["cpu_ms"], 2), Fixed(each["memory_mib"], 2), Range(each["claim"], "memory_mib"),
         Percent(each["failures"]["rate"]), Percent(score.value("explained", Json())),
         Percent(score.value("error", Json()))});
  }
  Print(table.Render());
  Print(
      "\nTimes are p50 / p99; where START MS is '-' the start is within SERVICE MS. PRIOR is what\n"
      "'strata measure' found of the class. EXPLAINED is the share of the variance of latency, "
      "told\n"
      "before each call (claimed elsewhere: " +
      Percent(all["claim"]["explained"]) + ", ERROR below " + Percent(all["claim"]["error"]) +
      ").\nNothing that is claimed is used for a decision.\n");
}

void ExplainModels(Session& session, const ExplainFlags& flags, Format format) {
  std::string query = "/v1/models?namespace=" + PercentEncode(session.tenant);
  if (!flags.name.empty()) query += "&name=" + PercentEncode(flags.name);
  auto models = session.AskJson("GET", query);
  if (!models) return session.Report(models.error());
  if (IsStructured(format)) return PrintValue(*models, format);
  if ((*models)["models"].empty()) {
    const auto there = flags.name.empty() ? Json() : Find(session, flags.name);
    if (!there) return session.Report(there.error());
    const std::string what = flags.name.empty() ? "in namespace '" + session.tenant + "'"
                                                : "of " + session.tenant + "/" + flags.name;
    return Print("Nothing was learned yet " + what + ": each call teaches, from the first on.\n");
  }
  PrintAllModels(*models);
}

// What the table shows, for programs: the placement, and of the status what is told beside it.
Json ExplainedOf(const Json& status) {
  constexpr std::array kBeside = {"moved",   "models",   "prediction", "scale", "sandboxes",
                                  "rollout", "variants", "not_served", "stays", "conditions"};
  Json told = status["placement"];
  for (const char* const field : kBeside) {
    if (status.contains(field)) told[field] = status[field];
  }
  // `pool` is the placement's: what is kept ready.
  if (status.contains("pool")) told["kept_ready"] = status["pool"];
  return told;
}

void Explain(Session& session, const ExplainFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  if (flags.models) return ExplainModels(session, flags, *format);
  if (flags.name.empty()) {
    return session.Report(
        {Errc::kInvalidArgument, "name a Function or Service, or ask for --models"});
  }
  auto resource = Find(session, flags.name);
  if (!resource) return session.Report(resource.error());
  const std::string full = session.tenant + "/" + flags.name;
  if (session.kube && !(*resource)["status"].contains("placement")) {
    const std::string said = ConditionsOf((*resource)["status"]);
    return session.Report(
        {Errc::kFailedPrecondition,
         full + " is in no class. " + (said.empty() ? "No operator has seen it yet" : said)});
  }
  if (!(*resource)["status"].contains("placement")) {
    return session.Report({Errc::kFailedPrecondition,
                           full + " was deployed before there was a scheduler; deploy it again"});
  }
  if (IsStructured(*format)) return PrintValue(ExplainedOf((*resource)["status"]), *format);
  PrintPlacement(*resource, session.tenant);
}

}  // namespace

void AddExplain(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ExplainFlags>();
  CLI::App* verb = app.add_subcommand("explain", "Why a workload runs in its class");
  verb->add_option("name", flags->name, "A Function or Service");
  verb->add_flag("--models", flags->models,
                 "What its calls taught, of each revision in each class; without a name of all");
  verb->footer(
      "Shows the class, what the literal rule would give, and for every other class the first\n"
      "reason why it was not taken. Figures come from 'strata measure' and from the workload's "
      "own\n"
      "calls on this host, never from what somebody claims. Of what runs as processes also how "
      "many\n"
      "replicas there are, and why.\nExamples:\n  strata explain hello\n"
      "  strata explain --models -o json");
  verb->callback([&session, flags] { Explain(session, *flags); });
}

}  // namespace strata::cli
