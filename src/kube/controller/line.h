// kube/controller/line.h - resources that are due, which take turns by name; those that have failed
// are due again after a pause.
//
//   Add --> [ Line ] --Next--> controller.h: looks at it --> Done, or Failed --pause--> Retry
//
// Within its pause only an edit has one that failed looked at before: what else happens to it may
// be what trying it has done (a status that says when it was refused), which would have it tried
// again for ever without a pause.
//
// Any number may wait at a line, and several lines may be had. Who has been given a resource has it
// in hand until it says how it went: meanwhile no line gives it out again, to nobody. So whatever
// happens to one that is slow, it takes one place of those that look, and not all.
//
// Threads: on the loop, which outlives it. Never fails. Tested by line_test.cc.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/async/task.h"
#include "base/clock.h"

namespace strata::kube::controller {

// What is looked at now, of all lines that have it. It outlives them.
struct InHand {
  explicit InHand(Loop& loop) : changed(loop.get_executor(), Timer::time_point::max()) {}

  std::set<std::string> keys;
  Timer changed;  // never expires; cancelled when something is due or was put down
};

class Line {
 public:
  // The pauses begin with a second and double, up to `longest`.
  Line(InHand& in_hand, Duration longest) : in_hand_(in_hand), longest_(longest) {}

  // `edition`: what is to be made of it, which may be another state than the one that failed;
  // empty: something else has happened to it.
  void Add(std::string key, const std::string& edition = {});

  // Ends when something is due that nobody has in hand. Whoever waited calls Next before it waits
  // for anything else: another one would be given the same.
  Awaitable<void> Wait();

  // The one after the last that was given out. Something is due that nobody has in hand.
  [[nodiscard]] std::string Next();

  // How it went with `key`, which is in nobody's hand any more. What has failed, in that edition,
  // is to be tried again after this pause; nothing: another one goes on already.
  void Done(const std::string& key);
  [[nodiscard]] std::optional<Duration> Failed(const std::string& key, const std::string& edition);

  // The pause is over.
  void Retry(std::string key);

 private:
  using Editions = std::map<std::string, std::string>;  // by key
  [[nodiscard]] Editions::const_iterator FindNext() const;
  void PutDown(const std::string& key);

  InHand& in_hand_;
  const Duration longest_;
  Editions due_;                            // the last that was told of each
  std::string last_;                        // that was given out
  std::map<std::string, Duration> pauses_;  // the next ones
  Editions paused_;                         // that have failed
};

}  // namespace strata::kube::controller
