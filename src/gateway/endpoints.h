// gateway/endpoints.h - the cells that a front hands requests on to, by tenant: which of them takes
// the next one, and who waits when none can.
//
//   AddEndpoint, RemoveEndpoint --> [ Endpoints: tenant -> cells, waiting calls ] <-- Hop
//
// The cell with the fewest requests of ours is next. A call for which there is no cell, or none
// with room, waits in line for at most its own time; the line is bounded.
//
// Threads: one loop. Lifetime: outlives the calls. Tested by endpoints_test.cc.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/promise.h"
#include "base/task.h"
#include "gateway/endpoint.h"

namespace strata::gateway {

class Endpoints {
  struct Group;

 public:
  // The most calls of one tenant that wait for a cell.
  static constexpr std::size_t kMostWaiting = 1024;

  // A connection, held for one call. Move-only; it goes back when the lease ends.
  class Lease {
   public:
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    [[nodiscard]] HopConnection& connection() noexcept { return *connection_; }
    // The cell had closed the connection before it read the request.
    void Distrust() { endpoint_->DropIdle(); }
    // The call left the connection as a next one needs it.
    void Keep() noexcept { keep_ = true; }

   private:
    friend class Endpoints;
    Lease(std::shared_ptr<Group> group, std::shared_ptr<Endpoint> endpoint,
          std::unique_ptr<HopConnection> connection)
        : group_(std::move(group)),
          endpoint_(std::move(endpoint)),
          connection_(std::move(connection)) {}
    std::shared_ptr<Group> group_;
    std::shared_ptr<Endpoint> endpoint_;
    std::unique_ptr<HopConnection> connection_;
    bool keep_ = false;
  };

  Endpoints(Loop& loop, const Clock& clock)
      : loop_(loop), clock_(clock), deadlines_(clock.Now()), batch_(clock) {}
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;

  // `line` as in Endpoint. A cell that is here already gets the new line.
  void Add(const std::string& tenant, const std::string& cell, Fd line);
  void Remove(std::string_view cell);
  [[nodiscard]] std::vector<std::string> cells() const;

  // A connection at once; nothing: wait for one.
  std::optional<Lease> TryAcquire(std::string_view tenant);
  // kDeadlineExceeded: none until `due`; kResourceExhausted: too many wait already.
  Task<Lease> Acquire(std::string tenant, TimePoint due);

  // When waits on connections are too long; advanced by Hop.
  [[nodiscard]] http::Deadlines& deadlines() noexcept { return deadlines_; }
  // Requests that leave together; closed by Hop.
  [[nodiscard]] http::AnswerBatch& batch() noexcept { return batch_; }

 private:
  // Of one tenant. Shared with leases: it may be forgotten before they end.
  struct Group {
    std::vector<std::shared_ptr<Endpoint>> endpoints;
    std::list<Promise<Lease>*> waiting;  // each gets a connection, in this order
    std::size_t next = 0;
  };
  static std::optional<Lease> TakeFrom(const std::shared_ptr<Group>& group);
  static void ServeWaiting(const std::shared_ptr<Group>& group);

  Loop& loop_;
  const Clock& clock_;
  http::Deadlines deadlines_;
  http::AnswerBatch batch_;
  std::map<std::string, std::shared_ptr<Group>, std::less<>> groups_;
};

}  // namespace strata::gateway
