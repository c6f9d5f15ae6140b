// keeper/service/service.h - one Service while it runs: its replicas, each started again when it
// ends, and connections to those that can be reached.
//
//   Serve --> [ Service: replica -> Image::Create, Sandbox::Serve ] <--Dial-- remote::Server
//             [ scheduler::Autoscaler                            ] <--Busy--
//
// A replica that ends is replaced, if its restart policy says so, after a pause that doubles from
// 100 ms to 10 s, and is short again once one has lived 10 s. Without a readiness probe it is ready
// when something listens at its port, which is asked anew for each start; a replica whose port
// stays closed for half a minute is ended and started again. What the probes do is in
// service_health.cc.
//
// With `scale` there are as many as the load needs (service_scale.cc): Dial waits in a bounded
// queue for the first one. One that is to go gets no further connection, is asked to end when its
// last one is closed, and at the latest after the longer of the timeout of its requests and its
// stop_timeout; until then it is taken back if it is needed after all. One with a program beside
// its server is not to go.
//
// Where a class's sandboxes can hold only so many connections (sandbox::MostConnections), no more
// are handed out: a line that has some is told so, and one that has none gets those of others.
//
// Threads:  one loop. Lifetime: shared; loop and clock outlive it. It ends by Stop() only.
// Errors:   Dial: kUnavailable: no replica became ready within a few seconds, or, with `scale`,
//           within the time that one has to come up; kResourceExhausted: too many wait.
// Tested by keeper_test.cc, service_scale_test.cc, tests/integration/keeper,
// tests/e2e/services_test.py and scale_test.py.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/broadcast.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "keeper/pools/pools.h"
#include "keeper/service/replica.h"
#include "keeper/wire/messages.h"
#include "sandbox/driver.h"
#include "sandbox/remote/server.h"
#include "scheduler/scaling/autoscale.h"

namespace strata::keeper {

class Service final : public std::enable_shared_from_this<Service> {
 public:
  class Stay;
  using PrintFn = std::function<void(Printed line)>;
  // False: there is nobody to tell, and it is told again.
  using ScaledFn = std::function<bool(Scaled scaled)>;
  // Told once: every replica is ready, or they did not become so. Replicas are started on until
  // Stop() is called.
  using ReadyFn = std::function<void(Result<void> ready)>;

  // `connector`: its sandboxes' way out; outlives it, as `pools` does, which makes room for them.
  Service(Loop& loop, const Clock& clock, Serve what, std::shared_ptr<sandbox::Image> image,
          sandbox::Connector& connector, Pools& pools, PrintFn print, ScaledFn on_scaled,
          ReadyFn on_ready);
  ~Service();

  void Begin();

  // Asks every replica to end and starts none again; running() says when they have.
  void Stop();
  [[nodiscard]] bool running() const noexcept { return running_ > 0; }

  // ReadyFn was told.
  [[nodiscard]] bool settled() const noexcept { return !on_ready_; }
  // A replica has been ready, or none is needed before the first request.
  [[nodiscard]] bool came_up() const noexcept { return came_up_; }

  using Connection = sandbox::remote::Dialler::Connection;

  // Below, `sandbox` is an id of a replica or fork, or empty: any replica that is ready. kNotFound:
  // it is none of ours. service_copies.cc has those that save and copy.

  // A program beside a server, and its stay there, for which the sandbox is needed.
  struct Beside {
    std::shared_ptr<Stay> stay;
    std::shared_ptr<sandbox::Execution> program;
  };
  Task<Beside> Exec(std::string sandbox, sandbox::Program program);

  // Every living replica. What was paused gets no connections until it is resumed. The first error.
  Task<void> SetPaused(bool paused);

  // Saves it as `name`. kFailedPrecondition: the name is taken; kResourceExhausted: there are many.
  Task<void> Save(std::string sandbox, std::string name);
  Result<void> Drop(const std::string& name);
  // Every replica makes place for one that goes on from `name`: their ids, once they are ready. One
  // that ends later is replaced by one that starts anew. kFailedPrecondition: one ended at once.
  Task<std::vector<std::string>> Restore(std::string name);
  // Saves it, and starts `count` that go on from there: their ids, once they are ready. They get no
  // connections of the service's, and are not started again; they end with the service. All or
  // none.
  Task<std::vector<std::string>> Fork(std::string sandbox, std::uint32_t count);
  Result<void> EndFork(const std::string& sandbox);

  // How each replica is, in their order: with `scale` those that there are.
  Task<std::vector<ReplicaState>> States();
  // Asks every sandbox what it uses.
  Awaitable<void> Measure();
  // Of all replicas and forks, also those that have ended: what they have used when they were
  // measured last, and the memory that the living had then.
  [[nodiscard]] Measured Used() const;
  // Tells how many replicas there are, as to a manager that knows nothing.
  void TellScale();
  // The same if that is not what was told; what is only counted, once a second at most. Whoever
  // calls it from time to time has the last count told, too.
  void TellScaleIfNew();

  [[nodiscard]] std::chrono::milliseconds stop_timeout() const noexcept {
    return what_.stop_timeout;
  }

  // What those that use a replica that is to go have to finish: no request takes longer.
  [[nodiscard]] Duration time_to_leave() const noexcept {
    return std::max<Duration>(what_.stop_timeout, what_.limits.timeout);
  }

  [[nodiscard]] std::vector<std::string> ReplicaIds() const;
  [[nodiscard]] std::vector<std::string> ForkIds() const;
  [[nodiscard]] std::vector<std::string> SnapshotNames() const;

  // Something through which it may be dialled, for one line; doors() counts those that are left.
  std::shared_ptr<sandbox::remote::Dialler> MakeDoor();
  [[nodiscard]] std::size_t doors() const noexcept { return doors_.size(); }

 private:
  class Door;
  class Held;

  Task<Connection> Dial(std::chrono::milliseconds patience, const Door& door);

  // What is left of a replica's lives before this one.
  struct Past {
    std::uint32_t restarts = 0;
    std::string last_exit;
    std::optional<TimePoint> next_start;
  };

  // A replica's place, through all its lives.
  struct Slot {
    std::shared_ptr<Replica> replica;            // null: none lives now
    std::shared_ptr<sandbox::Image> next_image;  // of the next life; null: the service's
    Past past;
    bool wanted = false;  // it is started again when it ends
    bool kept = false;    // Keep has not ended
  };

  void Begin(std::uint32_t number);
  Awaitable<void> Keep(std::shared_ptr<Service> self, std::uint32_t number);
  Awaitable<void> Live(std::shared_ptr<Service> self, std::shared_ptr<Replica> replica, Slot& slot,
                       Result<model::Exit>& end);
  // Serve() of a replica or fork has returned.
  void HasEnded(Replica& replica, const Result<model::Exit>& end);
  [[nodiscard]] std::vector<std::shared_ptr<Replica>> Living() const;
  [[nodiscard]] bool StartsAgain(const Result<model::Exit>& end) const;
  Awaitable<void> UntilStarted(Replica& replica);
  Awaitable<void> WatchReadiness(std::shared_ptr<Service> self, std::shared_ptr<Replica> replica);
  Awaitable<void> WatchLiveness(std::shared_ptr<Service> self, std::shared_ptr<Replica> replica);
  void SetReady(Replica& replica, bool ready);
  [[nodiscard]] Duration ReadyPatience() const;
  Awaitable<void> Pause(Replica& replica, Duration duration);
  Awaitable<void> WaitUntilReady(std::shared_ptr<Service> self, std::shared_ptr<Replica> replica);
  Awaitable<void> KeepFork(std::shared_ptr<Service> self, std::shared_ptr<Replica> fork);
  [[nodiscard]] std::string sandbox_class() const;
  std::shared_ptr<Replica> MakeReplica(const std::string& kind);
  Result<void> Create(Replica& replica, std::shared_ptr<sandbox::Image> image);
  [[nodiscard]] Result<std::shared_ptr<Replica>> Find(const std::string& sandbox);
  Task<void> UntilReady(std::vector<std::shared_ptr<Replica>> forks);
  Awaitable<void> GiveUpLater(std::shared_ptr<Service> self);
  Awaitable<void> Pause(Duration duration);
  void Settle(Result<void> ready);
  void SettleWhenReady();
  void GiveUp();
  // kFree: that can hold another connection.
  enum class Room : bool { kAny, kFree };
  [[nodiscard]] std::shared_ptr<Replica> NextReady(Room room);
  [[nodiscard]] bool HasRoom(const Replica& replica) const;
  [[nodiscard]] bool IsFull() const;
  void TakeFromOthers(const Door& door);
  [[nodiscard]] bool IsPaused() const { return CountPaused() > 0; }
  [[nodiscard]] std::string NoneRuns() const;
  Awaitable<void> UntilServed(TimePoint due);
  Task<Connection> DialReady(const Door& door);
  void RetireConnections();

  // service_scale.cc
  Awaitable<void> Autoscale(std::shared_ptr<Service> self);
  TimePoint Look();
  void LookNow() { look_again_.cancel(); }
  [[nodiscard]] scheduler::Demand DemandNow() const;
  void Decided(const scheduler::Scaling& scaling, std::uint32_t before);
  void ScaleTo(std::uint32_t count);
  bool AddOne();
  void RemoveOne();
  Awaitable<void> Leave(std::shared_ptr<Service> self, std::shared_ptr<Replica> replica);
  [[nodiscard]] std::uint32_t CountWanted() const;
  [[nodiscard]] std::uint32_t CountServing() const;
  [[nodiscard]] std::uint32_t CountPaused() const;
  [[nodiscard]] std::uint32_t CountStayedIn() const;
  [[nodiscard]] std::size_t MostWaiting() const;

  void Print(const std::string& sandbox, sandbox::Stream stream, std::string_view text);

  Loop& loop_;
  const Clock& clock_;
  const Serve what_;
  const std::shared_ptr<sandbox::Image> image_;
  sandbox::Connector& connector_;
  Pools& pools_;
  PrintFn print_;
  ScaledFn on_scaled_;
  ReadyFn on_ready_;                      // null once it was told
  const std::uint32_t most_connections_;  // of a replica; 0: no bound
  std::vector<Slot> slots_;               // by number
  std::vector<std::shared_ptr<Replica>> forks_;
  std::map<std::string, std::shared_ptr<sandbox::Image>> snapshots_;
  std::vector<Timer*> waits_;  // of pauses that Stop cuts short
  std::string last_end_;       // of a replica, for who waits until all are ready
  std::string last_check_;     // why the last try to find one ready failed
  Use ended_;                  // of lives that are over, of replicas and forks
  std::size_t running_ = 0;
  std::set<Door*> doors_;
  Broadcast can_serve_;      // a replica may get connections that could not before
  std::size_t waiting_ = 0;  // for that
  TimePoint taken_{};        // when lines were last made to let go of theirs
  Scaled scaled_;            // as it is told next
  Scaled told_;              // as it was told last
  TimePoint told_at_;
  TimePoint decided_;  // scaled_.why
  std::size_t next_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t early_ends_ = 0;
  bool stopping_ = false;
  bool came_up_ = false;
  std::optional<scheduler::Autoscaler> autoscaler_;  // with `scale`
  bool prove_;        // what was started to be seen has not come up yet
  TimePoint served_;  // when there was a request last that no door tells of
  Timer look_again_;
};

}  // namespace strata::keeper
