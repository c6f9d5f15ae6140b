// kube/controller/line.h - resources that are due, which take turns by name; those that have failed
// are due again after a pause.
//
//   Add --> [ Line ] --Next--> controller.h: looks at it --> Done, or Failed --pause--> Retry
//
// Threads: on the loop, which outlives it; one waits. Never fails. Tested by line_test.cc.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/async/task.h"
#include "base/clock.h"

namespace strata::kube::controller {

class Line {
 public:
  // The pauses begin with a second and double, up to `longest`.
  Line(Loop& loop, Duration longest);

  void Add(std::string key);

  // Ends when something is due.
  Awaitable<void> Wait();

  // The one after the last that was given out. Something is due.
  [[nodiscard]] std::string Next();

  // How it went with `key`. What has failed is to be tried again after this pause; nothing: another
  // one goes on already.
  void Done(const std::string& key);
  [[nodiscard]] std::optional<Duration> Failed(const std::string& key);

  // The pause is over.
  void Retry(std::string key);

 private:
  const Duration longest_;
  std::set<std::string> due_;
  std::string last_;                        // that was given out
  Timer wake_;                              // never expires; cancelled when something is due
  std::map<std::string, Duration> pauses_;  // the next ones
  std::set<std::string> paused_;
};

}  // namespace strata::kube::controller
