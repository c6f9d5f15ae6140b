// gateway/endpoints.h - the cells that a front hands requests on to, by tenant: which of them takes
// the next one, and who waits when none can.
//
//   AddEndpoint, RemoveEndpoint --> [ Endpoints: tenant -> cells, waiting calls ] <-- Hop
//
// The cell with the fewest requests of ours is next. A call for which there is no cell, or none
// with room, waits in line for at most its own time; the line is bounded.
//
// Tenants share the front's loop, and the machine's processors. While more than one of them calls,
// a cell gets no more than kAhead requests that it has had for less than kAheadFor, and the rest
// waits in its tenant's own line: a front, or a cell that has hundreds of requests at hand works
// them off until the kernel's clock ticks, 4 ms on many machines, while other tenants' calls wait
// for that processor. What a cell has had for longer waits for something else than a processor, and
// is not counted, so that slow calls do not hold up others. Who waits too long in a line that
// stands is refused when a turn comes (base/lines/standing_line.h); that of a tenant without a cell
// does not stand, however long it is.
//
// Threads: one loop. Lifetime: outlives the calls. Tested by endpoints_test.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async/promise.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "base/lines/standing_line.h"
#include "gateway/endpoint.h"
#include "model/values.h"

namespace strata::gateway {

class Endpoints {
  struct Group;

 public:
  // The most calls of one tenant that wait for a cell.
  static constexpr std::size_t kMostWaiting = 1024;
  static constexpr std::size_t kAhead = 4;
  static constexpr std::chrono::milliseconds kAheadFor{2};

  // A connection, held for one call. Move-only; it goes back when the lease ends.
  class Lease {
   public:
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    [[nodiscard]] HopConnection& connection() noexcept { return *taken_.connection; }
    // The cell had closed the connection before it read the request.
    void Distrust() { endpoint_->DropIdle(); }
    // The call left the connection as a next one needs it.
    void Keep() noexcept { keep_ = true; }

   private:
    friend class Endpoints;
    Lease(Endpoints* endpoints, std::shared_ptr<Group> group, std::shared_ptr<Endpoint> endpoint,
          Endpoint::Taken taken)
        : endpoints_(endpoints),
          group_(std::move(group)),
          endpoint_(std::move(endpoint)),
          taken_(std::move(taken)) {}
    Endpoints* endpoints_;
    std::shared_ptr<Group> group_;
    std::shared_ptr<Endpoint> endpoint_;
    Endpoint::Taken taken_;
    bool keep_ = false;
  };

  Endpoints(Loop& loop, const Clock& clock)
      : loop_(loop), clock_(clock), deadlines_(clock.Now()), batch_(clock) {}
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;
  // Closes all: what waits for the loss of a cell keeps its endpoint for longer.
  ~Endpoints();

  // `line` as in Endpoint. A cell that is here already gets the new line.
  void Add(const std::string& tenant, const std::string& cell, Fd line);
  void Remove(std::string_view cell);
  [[nodiscard]] std::vector<std::string> cells() const;

  // A connection at once; nothing: wait for one.
  std::optional<Lease> TryAcquire(std::string_view tenant);
  // Waits for one; calls of a higher priority come first. kDeadlineExceeded: none until `due`;
  // kResourceExhausted: too many wait that do not come later, or the line stands.
  Task<Lease> Acquire(std::string tenant, model::Priority priority, TimePoint due);

  // When waits on connections are too long; advanced by Hop.
  [[nodiscard]] http::Deadlines& deadlines() noexcept { return deadlines_; }
  // Requests that leave together; closed by Hop.
  [[nodiscard]] http::AnswerBatch& batch() noexcept { return batch_; }

 private:
  using Line = StandingLine<Promise<Lease>*, model::Priority, 3>;

  // Of one tenant. Shared with leases: it may be forgotten before they end.
  struct Group {
    std::vector<std::shared_ptr<Endpoint>> endpoints;
    Line waiting{kMostWaiting};
    std::size_t next = 0;
    bool looks_again = false;  // for cells that take more, when kAheadFor has passed
    std::int64_t period = -1;  // when it last called
  };
  std::optional<Lease> TakeFrom(const std::shared_ptr<Group>& group);
  [[nodiscard]] bool MayHaveMore(const Endpoint& endpoint, TimePoint now) const noexcept;
  void ServeWaiting(const std::shared_ptr<Group>& group);
  void Note(Group& group);
  [[nodiscard]] bool shared() const noexcept { return callers_ > 1 || callers_before_ > 1; }
  void LookAgainSoon(const std::shared_ptr<Group>& group);
  Awaitable<void> LookAgain(std::shared_ptr<Group> group);

  Loop& loop_;
  const Clock& clock_;
  http::Deadlines deadlines_;
  http::AnswerBatch batch_;
  std::map<std::string, std::shared_ptr<Group>, std::less<>> groups_;
  // How many tenants called in this period, and in the one before it.
  std::int64_t period_ = -1;
  std::size_t callers_ = 0;
  std::size_t callers_before_ = 0;
};

}  // namespace strata::gateway
