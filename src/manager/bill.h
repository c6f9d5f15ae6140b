// manager/bill.h - bills, added up and shown: what `strata cost` says, without where it is from.
//
// Pure. Tested by bill_test.cc.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
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

// A sum is known only where each part is.
void AddTo(Bill& sum, const Bill& more);
Json BillToJson(const Bill& bill);

using Group = std::array<std::string, 3>;  // tenant, name, class; empty: not told apart
// Whose bill usage goes on. Nothing: `by` is not "workload", "tenant" or "class".
std::optional<Group> GroupOf(const store::UsageKey& key, std::string_view by);
Json RowsOf(const std::map<Group, Bill>& groups);

// CPU time of our own processes and what they started that no guest used, for each tenant and role.
// What guests compute is in it until they have told it: a call at its end, a service soon.
struct Overhead {
  Json rows = Json::array();
  double cost = 0;
};
// Priced as the class whose guests are there: wasm in cells, containers in keepers.
Overhead OverheadOf(const store::UsageTotals& totals, std::string_view tenant,
                    const meter::Prices& prices);

}  // namespace strata::manager
