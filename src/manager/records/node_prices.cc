#include "manager/records/node_prices.h"

#include <sys/utsname.h>

#include <utility>

#include "model/values.h"
#include "scheduler/record.h"

namespace strata::manager {

std::string HostName() {
  struct utsname names = {};
  return ::uname(&names) == 0 ? names.nodename : "local";
}

meter::Prices ListPrices(meter::Prices list, const Measurements& measured) {
  for (const model::Class each : model::kClasses) {
    if (const auto figures = measured.Of(each)) scheduler::PriceStart(list, each, *figures);
  }
  return list;
}

meter::Prices PricesHere(meter::Prices list, const Measurements& measured) {
  return ListPrices(std::move(list), measured).On(HostName());
}

}  // namespace strata::manager
