// kube/shim/events.h - tells containerd what happens to its tasks, in the order in which it
// happened.
//
//   Container --Publish--> queue --one at a time--> containerd's ttrpc socket
//
// While containerd is away they wait and are sent when it is back; the oldest go when too many
// wait. It learns by State and Wait, too, so a lost event is a late one.
//
// Threads: the loop's. Lifetime: outlives the loop's run.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/async/broadcast.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "kube/shim/messages.h"
#include "kube/ttrpc/client.h"

namespace strata::kube::shim {

class Events {
 public:
  // `path`: containerd's ttrpc socket.
  Events(Loop& loop, const Clock& clock, std::string path)
      : loop_(loop), clock_(clock), containerd_(loop, std::move(path)) {}

  // `topic`: "/tasks/start"; `type`: "TaskStart".
  void Publish(const std::string& containerd_namespace, const char* topic, const char* type,
               const google::protobuf::MessageLite& event);

  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  Awaitable<void> Send();

  Loop& loop_;
  const Clock& clock_;
  ttrpc::Client containerd_;
  std::deque<ttrpc::Request> queue_;
  bool sending_ = false;
  std::uint64_t dropped_ = 0;
};

// As containerd's messages have it.
void SetTime(google::protobuf::Timestamp& timestamp, WallTime time);

}  // namespace strata::kube::shim
