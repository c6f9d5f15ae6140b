// manager/records/bill.h - the bill of a group of workloads, and its JSON: what `strata cost` says,
// without where it is from.
//
//   accounts.h (usage) --> ManagerImpl::Cost --> [ Bill, Overhead ] --> GET /v1/cost
//
// Costs are US dollars by the price list (meter/prices.h). What a workload would have cost in
// another class is an estimate of scheduler/record.h; where it cannot be made, the reason stands in
// its place.
//
// Threads:  pure values. Errors: none; GroupOf says by nothing that there is no such grouping.
// Tested by bill_test.cc.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/text/json.h"
#include "meter/prices.h"
#include "model/values.h"
#include "store/store.h"

namespace strata::manager {

// What a bill is compared with: everything in one of these classes.
inline constexpr std::array kAllInOne = {model::Class::kContainer, model::Class::kMicrovm};

// What one workload, or a group of them, used and cost.
struct Bill {
  store::Usage used;
  double cost = 0;                              // US dollars, as all of these
  std::map<model::Class, double> elsewhere;     // had all of it been in that class
  std::map<model::Class, std::string> lacking;  // why that is not known
  std::optional<model::Class> better;           // of one workload: where it should be
  double could_save = 0;
};

// Whether guests ran, and how long their sandboxes were there is not counted: those of a Service or
// an addressable sandbox in wasm. Calls that were all refused held nothing, and that is known.
bool HeldUncounted(const store::Usage& used) noexcept;

// A sum is known only where each part is: what a part lacks, the sum lacks. `better`
// stays as it was.
void AddTo(Bill& sum, const Bill& more);
// Seconds, MiB seconds, bytes, US dollars: "cpu_s", "held_s", "memory_mib_s", "cost", and for each
// of kAllInOne "all_<class>": {"cost", "saved"} or {"lacking"}.
Json BillToJson(const Bill& bill);

using Group = std::array<std::string, 3>;  // tenant, name, class; empty: not told apart
// Whose bill usage goes on. Nothing: `by` is not "workload", "tenant" or "class".
std::optional<Group> GroupOf(const store::UsageKey& key, std::string_view by);
// Each group's BillToJson, with what it is of: "namespace", "name", "class".
Json RowsOf(const std::map<Group, Bill>& groups);

// CPU time of our own processes and what they started that no guest used, for each tenant and role.
// What guests compute is in it until they have told it: a call at its end, a service soon.
struct Overhead {
  Json rows = Json::array();
  double cost = 0;
};
// Priced as the class whose guests are there, wasm in cells, containers in keepers; without what
// bills have for it by the price of starts.
Overhead OverheadOf(const store::UsageTotals& totals, std::string_view tenant,
                    const meter::Prices& prices);

}  // namespace strata::manager
