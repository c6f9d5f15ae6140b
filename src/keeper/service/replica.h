// keeper/service/replica.h - one life of a service's sandbox, as the service knows it: from its
// creation to its end. The next life in the same place is another Replica.
//
//   Service (slots and forks) --> [ Replica ] --> sandbox::Sandbox
//                                 [ LogSink ] <-- what its guest prints --> PrintFn
//
// The service's code sets its members (service*.cc); there is no state but theirs:
//   made           `sandbox`, `image` and `seen` are set, nothing else is
//   serving        `ready`, not `paused`, no `leave_by`, not `ended`: it gets connections
//   leaving        `leave_by` is set: no further connection, and unset when it is taken back
//   asked to end   `asked`; it runs until its program has ended, or is made to. A service that
//                  stops as a whole asks all of its sandboxes, and sets nothing here
//   over           `ended`: Serve() has returned; `used` is final
//
// Threads:  the keeper's loop. Lifetime: shared by its place and by the coroutines that watch it;
//           `uses` may outlive it. PrintFn is called for as long as the sandbox lives.
// Errors:   none: why a life ended is its service's to tell. Tested by keeper_test.cc.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "keeper/wire/reports.h"
#include "sandbox/driver.h"

namespace strata::keeper {

class Replica final : public sandbox::LogSink {
 public:
  using PrintFn =
      std::function<void(const std::string& id, sandbox::Stream stream, std::string_view text)>;

  Replica(std::string id, PrintFn print) : id_(std::move(id)), print_(std::move(print)) {}

  void Write(sandbox::Stream stream, std::string_view text) override { print_(id_, stream, text); }

  [[nodiscard]] const std::string& id() const noexcept { return id_; }

  // It has held `memory` up to `now`.
  void HoldUntil(TimePoint now);

  std::unique_ptr<sandbox::Sandbox> sandbox;
  std::shared_ptr<sandbox::Image> image;  // what it was made from
  Bytes memory;                           // as it was measured last
  Use used;                               // up to `seen`
  TimePoint seen;                         // since its start
  bool ready = false;
  bool paused = false;
  bool ended = false;
  bool replaced = false;  // it ends because another takes its place
  bool asked = false;     // to end, by us
  // It is to go when nobody uses it any more, and at the latest then.
  std::optional<TimePoint> leave_by;

  // Found when it became ready, for a request that waits for that.
  Fd first;
  // Connections to it that cells have; whoever counts there may outlive us.
  const std::shared_ptr<std::size_t> uses = std::make_shared<std::size_t>(0);
  std::size_t programs = 0;  // beside the server, that run: it is not taken away before they end
  std::string condemned;     // why it is being ended, if that is for its health

  // Whether it may get another connection.
  [[nodiscard]] bool serves() const noexcept { return ready && !paused && !leave_by && !ended; }

  void AskToEnd() {
    asked = true;
    sandbox->Stop();
  }

  // Cuts short what waits to look at it again.
  std::vector<Timer*> waits;

 private:
  const std::string id_;
  const PrintFn print_;
};

}  // namespace strata::keeper
