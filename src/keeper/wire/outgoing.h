// keeper/wire/outgoing.h - the way out of a keeper's sandboxes: a connection is asked of the
// manager, which checks the grants again, and arrives as a descriptor.
//
//   sandbox/egress --Connector--> [ Outgoing ] --Connect--> manager
//                  <--descriptor--             <--Connected--
//
// Threads: one loop. Lifetime: outlives its waiters and every sandbox. Errors: kPermissionDenied,
// kUnavailable and kDeadlineExceeded as sandbox::Connector says. Tested by outgoing_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/async/promise.h"
#include "base/async/task.h"
#include "base/files/fd.h"
#include "keeper/wire/messages.h"
#include "sandbox/driver.h"

namespace strata::keeper {

class Outgoing {
 public:
  using PostFn = std::function<void(ToManager)>;

  Outgoing(Loop& loop, PostFn post);
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;
  ~Outgoing();

  // The connector of the sandboxes of `key`; ours, and never forgotten.
  sandbox::Connector& For(const std::string& key);

  // The manager answered. An answer nobody waits for any more is dropped with its descriptor.
  void OnConnected(const Connected& answer, Fd socket);

 private:
  class OfKey;
  Task<Fd> Connect(std::string key, std::string host, std::uint16_t port);

  Loop& loop_;
  PostFn post_;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Promise<Fd>>> waiting_;
  std::map<std::string, std::unique_ptr<OfKey>> connectors_;
};

}  // namespace strata::keeper
