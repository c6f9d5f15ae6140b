// tests/contract/own_network.h - a network for the tests of one driver, in which nothing of the
// host's can be touched.
#pragma once

#include <memory>

#include "sandbox/egress/egress.h"

namespace strata::sandbox::contract {

// Puts this thread, and those that it starts from now on, into a new network namespace, as a keeper
// is in one of its own.
std::shared_ptr<egress::Egress> EgressInOwnNetwork(Loop& loop);

}  // namespace strata::sandbox::contract
