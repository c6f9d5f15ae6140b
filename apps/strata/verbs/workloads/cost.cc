// strata cost - what was used, what it cost, and what it would have cost elsewhere.
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text/strings.h"
#include "output.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct CostFlags {
  bool all = false;
  std::string by = "workload";
};

constexpr int kDigits = 9;  // a call in wasm costs some billionths of a dollar

std::string Saved(const Json& elsewhere) {
  return elsewhere.contains("saved") ? Fixed(elsewhere["saved"], kDigits) : "-";
}

std::string Better(const Json& bill) {
  if (bill.contains("better")) {
    return bill["better"]["class"].get<std::string>() + " saves " +
           Fixed(bill["better"]["saves"], kDigits);
  }
  return bill["could_save"] > 0 ? Fixed(bill["could_save"], kDigits) : "-";
}

void AddBill(Table& table, std::vector<std::string> row, const Json& bill) {
  row.insert(row.end(), {bill["calls"].dump(), Fixed(bill["cpu_s"], 3),
                         Fixed(bill["memory_mib_s"], 1), Fixed(bill["cost"], kDigits),
                         Saved(bill["all_container"]), Saved(bill["all_microvm"]), Better(bill)});
  table.Add(std::move(row));
}

// Of our own processes, and of everything together, there is no more than this.
void AddSum(Table& table, std::vector<std::string> row, double cpu_s, double cost) {
  row.insert(row.end(), {"-", "-", Fixed(cpu_s, 3), "-", Fixed(cost, kDigits), "-", "-", "-"});
  table.Add(std::move(row));
}

// What a start costs, and where that is from: "Starts, USD: container 1.4e-07 (strata measure)."
std::string StartsOf(const Json& classes) {
  std::string text;
  for (const auto& [name, price] : classes.items()) {
    text += (text.empty() ? "Starts, USD: " : ", ") + name + " " + Money(price["start"]) + " (" +
            price.value("start_from", "") + ")";
  }
  return text + ".\n";
}

void PrintSources(const Json& cost) {
  for (const auto& [all, column] : {std::pair{"all_container", "SAVED VS CONTAINER"},
                                    std::pair{"all_microvm", "SAVED VS MICROVM"}}) {
    const std::string lacking = cost["total"][all].value("lacking", "");
    if (!lacking.empty()) Print(std::string(column) + " is not known: " + lacking + ".\n");
  }
  std::string classes;
  for (const Json& each : cost["measured"]["classes"]) {
    classes += (classes.empty() ? "" : ", ") + each.get<std::string>();
  }
  Print("Prices: " + cost["prices"].value("source", "") + ".\n" +
        StartsOf(cost["prices"]["classes"]));
  Print("Elsewhere: by " + cost["measured"].value("source", "") + " on this host (" +
        (classes.empty() ? "nothing was measured" : classes) + ").\n");
  if (!cost.value("metering", true)) {
    Print("The server was started with --no-metering: nothing is counted now.\n");
  }
}

void PrintCost(const Json& cost) {
  Table table({"NAMESPACE", "NAME", "CLASS", "CALLS", "CPU S", "MIB S", "USD", "SAVED VS CONTAINER",
               "SAVED VS MICROVM", "BETTER"});
  for (const Json& bill : cost["rows"]) {
    AddBill(table,
            {bill.value("namespace", "-"), bill.value("name", "-"), bill.value("class", "-")},
            bill);
  }
  const Json& total = cost["total"];
  AddBill(table, {"-", "all calls", "-"}, total);
  double cpu_s = total["cpu_s"].get<double>();
  for (const Json& each : cost["overhead"]) {
    const auto tenant = each.value("namespace", "");
    AddSum(table, {tenant.empty() ? "-" : tenant, "overhead (" + each.value("role", "") + ")"},
           each["cpu_s"], each["cost"]);
    cpu_s += each["cpu_s"].get<double>();
  }
  AddSum(table, {"-", "total"}, cpu_s,
         total["cost"].get<double>() + total["overhead_cost"].get<double>());
  Print(table.Render());
  PrintSources(cost);
}

// That nothing was counted there, and where something was: the name may be a wrong one.
Result<std::string> NothingOf(Session& session) {
  auto all = session.AskJson("GET", "/v1/cost?by=tenant");
  if (!all) return std::unexpected(std::move(all).error());
  std::set<std::string> names;
  for (const char* const list : {"rows", "overhead"}) {
    for (const Json& each : (*all)[list]) names.insert(each.value("namespace", ""));
  }
  names.erase("");  // of no tenant, as fronts
  std::string text = "Namespace '" + session.tenant + "' has used nothing, which costs nothing.";
  if (names.empty()) return text + " No other has, either.\n";
  std::string list;
  for (const std::string& each : names) list += (list.empty() ? "" : ", ") + each;
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return text + " These have used something: " + list + DidYouMean(session.tenant, candidates) +
         "\n";
}

void Cost(Session& session, const CostFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  const std::string of = flags.all ? "" : "&namespace=" + PercentEncode(session.tenant);
  auto cost = session.AskJson("GET", "/v1/cost?by=" + PercentEncode(flags.by) + of);
  if (!cost) return session.Report(cost.error());
  if (IsStructured(*format)) return PrintValue(*cost, *format);
  if (!flags.all && (*cost)["rows"].empty() && (*cost)["overhead"].empty()) {
    auto nothing = NothingOf(session);
    if (!nothing) return session.Report(nothing.error());
    Print(*nothing);
    if (!cost->value("metering", true)) PrintSources(*cost);
    return;
  }
  PrintCost(*cost);
}

}  // namespace

void AddCost(CLI::App& app, Session& session) {
  auto flags = std::make_shared<CostFlags>();
  CLI::App* verb = app.add_subcommand("cost", "What was used and what it cost");
  verb->add_flag("-A,--all-namespaces", flags->all, "Of every namespace");
  verb->add_option("--by", flags->by, "A row for each: workload, tenant or class")
      ->check(CLI::IsMember({"workload", "tenant", "class"}));
  verb->footer(
      "Counts every call once since STRATA_HOME was made, also over restarts and crashes.\n"
      "SAVED VS CONTAINER, MICROVM: what the same calls would have cost there, less what they\n"
      "did; '-' where that is not known, and below the table why. BETTER: the class where the\n"
      "scheduler would put it now if the manifest named none, and what that would have saved.\n"
      "Overhead: CPU time of Strata's own processes that no guest used. Prices: 'stratad "
      "--price'.\n"
      "docs/cost.md says what is counted, and what not.\n"
      "Examples:\n  strata cost\n  strata cost -A --by class\n  strata cost -o json");
  verb->callback([&session, flags] { Cost(session, *flags); });
}

}  // namespace strata::cli
