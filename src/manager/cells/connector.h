// manager/cells/connector.h - the manager's side of a guest's outgoing connection: checks the grant
// again, resolves the name and connects, because a cell has no network of its own.
//
//   guest --> cell --Connect--> [ Connector ] --descriptor--> cell --> guest
//
// The connector never reads or writes the connection. Not covered: a granted name that resolves to
// an address inside the host's own network; grant only names you control.
//
// Threads: one loop, and one thread for the names of each owner, so that one whose name servers do
// not answer keeps nobody else waiting. It ends with the owner's last attempt.
// Lifetime: attempts may outlive it. Its end waits for lookups that run, as long as the C
// library's. Errors: kPermissionDenied (not granted), kUnavailable (no such name, refused),
// kDeadlineExceeded (10 s), kResourceExhausted (32 of this owner are under way). Tested by
// connector_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "model/values.h"

namespace strata::manager {

class Connector {
 public:
  using Endpoints = std::vector<asio::ip::tcp::endpoint>;
  // What a name stands for. Blocks; called on an owner's thread.
  using LookUpFn = std::function<Result<Endpoints>(const std::string& host, std::uint16_t port)>;

  // With the host's own resolver.
  explicit Connector(Loop& loop);
  Connector(Loop& loop, LookUpFn look_up);

  // A connected TCP socket to `host`:`port`, which `grants` must name exactly. `owner` is whose
  // guests ask, a tenant or its keeper.
  Task<Fd> Connect(std::string owner, model::Grants grants, std::string host, std::uint16_t port);

  [[nodiscard]] std::uint64_t denied() const noexcept { return denied_; }

 private:
  struct Owners;
  class Place;
  struct Attempt;
  static void Arm(const std::shared_ptr<Attempt>& attempt);
  Task<Endpoints> Find(std::shared_ptr<Attempt> attempt, std::string host, std::uint16_t port);
  static Awaitable<void> Resolve(std::shared_ptr<Attempt> attempt, LookUpFn look_up,
                                 std::string host, std::uint16_t port);

  Loop& loop_;
  LookUpFn look_up_;
  std::shared_ptr<Owners> owners_;  // shared with attempts
  std::uint64_t denied_ = 0;
};

}  // namespace strata::manager
