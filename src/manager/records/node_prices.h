// manager/records/node_prices.h - what computing costs on this node: the price list that stratad
// was started with, a start by this host's record.
//
//   Options::prices, Measurements --> [ ListPrices ] --> Choose (with the node's factor)
//                                     [ PricesHere ] --> bills
//
// Threads: values and pure functions, but for the host's name. Errors: none.
// Tested by tests/e2e/cost_test.py.
#pragma once

#include <string>

#include "manager/placing/measurements.h"
#include "meter/prices.h"

namespace strata::manager {

std::string HostName();

// `list`, with the price of a start by what was measured, where none was given.
meter::Prices ListPrices(meter::Prices list, const Measurements& measured);

// The same, as it is on this host.
meter::Prices PricesHere(meter::Prices list, const Measurements& measured);

}  // namespace strata::manager
