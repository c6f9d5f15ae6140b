// kube/controller/mirror.h - what the API server has of one kind, kept up to date: a list, then a
// watch from where the list was, and again a list when the server ends a watch with an error (it no
// longer goes back that far) or has refused it a few times, also by ending it at once.
//
//   ApiClient --list, events--> [ Mirror ] --on_change(object)--> controller.h: what to look at
//
// Every object is told once for each state that is seen; states in between may be missed. A lost
// connection is taken up again with a growing pause, and nothing is missed by it: what has gone
// meanwhile is found by the next list.
//
// Threads: on the loop. Lifetime: loop and client outlive it; it outlives Run, which ends with the
// loop. Tested by api_client_test.cc.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/async/task.h"
#include "base/text/json.h"
#include "kube/controller/api_client.h"
#include "telemetry/log.h"

namespace strata::kube::controller {

class Mirror {
 public:
  // `path`: "/apis/strata.dev/v1alpha1/services", with a selector if any. `on_change` gets the last
  // state also of what has gone.
  Mirror(Loop& loop, ApiClient& client, std::string path, telemetry::Logger log,
         std::function<void(const Json& object)> on_change, Form form = Form::kWhole);

  // Never ends.
  Awaitable<void> Run();

  // The first list has arrived.
  [[nodiscard]] bool synced() const noexcept { return synced_; }

  // By "namespace/name".
  [[nodiscard]] const std::map<std::string, Json>& objects() const noexcept { return objects_; }

 private:
  Task<void> List();
  Task<void> Follow();
  void Take(WatchEvent event);

  Loop& loop_;
  ApiClient& client_;
  std::string path_;
  telemetry::Logger log_;
  std::function<void(const Json&)> on_change_;
  const Form form_;
  std::map<std::string, Json> objects_;
  std::string version_;  // where the next watch begins; empty: a list is due
  bool synced_ = false;
};

// "namespace/name"; without a namespace "/name".
std::string KeyOf(const Json& object);

}  // namespace strata::kube::controller
