// manager/cells/connector.h - the manager's side of a guest's outgoing connection: checks the grant
// again, resolves the name and connects, because a cell has no network of its own.
//
//   guest --> cell --Connect--> [ Connector ] --descriptor--> cell --> guest
//
// The connector never reads or writes the connection. Not covered: a granted name that resolves to
// an address inside the host's own network; grant only names you control.
//
// Threads: one loop (names are resolved on Asio's resolver thread). Errors: kPermissionDenied (not
// granted), kUnavailable (no such name, refused), kDeadlineExceeded (10 s), kResourceExhausted (256
// under way).
#pragma once

#include <cstdint>
#include <string>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "model/values.h"

namespace strata::manager {

class Connector {
 public:
  explicit Connector(Loop& loop) : loop_(loop) {}

  // A connected TCP socket to `host`:`port`, which `grants` must name exactly.
  Task<Fd> Connect(model::Grants grants, std::string host, std::uint16_t port);

  [[nodiscard]] std::uint64_t denied() const noexcept { return denied_; }

 private:
  Loop& loop_;
  std::uint64_t denied_ = 0;
  std::uint32_t under_way_ = 0;
};

}  // namespace strata::manager
