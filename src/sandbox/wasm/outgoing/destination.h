// sandbox/wasm/outgoing/destination.h - where an outgoing request goes, and whether it may.
//
//   Table::Start --> [ ParseDestination, IsGranted ] --> Connector, or refused and logged
//
// The only place where class wasm reads grants.http. By name and port: which address a name has is
// the manager's to find, and to refuse (manager/cells/connector.h).
//
// Threads:  pure. Errors: as stated: what a guest wrote is hostile. Tested by destination_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/values.h"

namespace strata::sandbox::wasm::outgoing {

struct Destination {
  std::string host;  // lower case, without brackets
  std::uint16_t port = 0;
  bool tls = false;
  friend bool operator==(const Destination&, const Destination&) = default;
};

// From a URI's scheme and authority ("Api.Example.com", "[::1]:8080"); the port defaults to the
// scheme's. Fails with kInvalidArgument: other schemes, user information, a bad port.
Result<Destination> ParseDestination(std::string_view scheme, std::string_view authority);

// Exact host and port; nothing else matches.
bool IsGranted(std::span<const model::HttpGrant> grants, const Destination& destination);

}  // namespace strata::sandbox::wasm::outgoing
