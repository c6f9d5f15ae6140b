// keeper/service.h - one Service while it runs: its replicas, each started again when it ends, and
// connections to those that can be reached.
//
//   Serve --> [ Service: replica -> Image::Create, Sandbox::Serve ] <--Dial-- remote::Server
//
// A replica that ends is replaced after a pause that doubles from 100 ms to 10 s, and is short
// again once one has lived 10 s. It is ready when something listens at its port, which is asked
// anew for each start; a replica whose port stays closed for half a minute is ended and started
// again.
//
// Threads:  one loop. Lifetime: shared; loop and clock outlive it. It ends by Stop() only.
// Errors:   Dial: kUnavailable: no replica became ready within a few seconds.
// Tested by tests/integration/keeper and tests/e2e/services_test.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "keeper/messages.h"
#include "sandbox/driver.h"
#include "sandbox/remote/server.h"

namespace strata::keeper {

class Service final : public sandbox::remote::Dialler,
                      public std::enable_shared_from_this<Service> {
 public:
  using PrintFn = std::function<void(Printed line)>;
  // Told once: the first replica is ready, or none became so in time and Stop() is to be called.
  using ReadyFn = std::function<void(Result<void> ready)>;

  Service(Loop& loop, const Clock& clock, Serve what, std::shared_ptr<sandbox::Image> image,
          PrintFn print, ReadyFn on_ready);
  ~Service() override;

  void Begin();

  // Asks every replica to end and starts none again; running() says when they have.
  void Stop();
  [[nodiscard]] bool running() const noexcept { return running_ > 0; }

  Task<Fd> Dial() override;

  // In the sandbox with that id, or any that is ready. kNotFound: it is none of ours.
  Task<int> Exec(std::string sandbox, sandbox::Program program);

  // Every living replica. What was paused gets no connections until it is resumed. The first error.
  Task<void> SetPaused(bool paused);

  // Something through which it may be dialled, for one line; doors() counts those that are left.
  std::shared_ptr<sandbox::remote::Dialler> MakeDoor();
  [[nodiscard]] std::size_t doors() const noexcept { return doors_; }

 private:
  class Door;
  class Replica;

  Awaitable<void> Keep(std::shared_ptr<Service> self, std::uint32_t number);
  Awaitable<void> WaitUntilReady(std::shared_ptr<Service> self, std::shared_ptr<Replica> replica);
  Awaitable<void> GiveUpLater(std::shared_ptr<Service> self);
  Awaitable<void> Pause(Duration duration);
  void Settle(Result<void> ready);
  void GiveUp();
  [[nodiscard]] std::shared_ptr<Replica> NextReady();
  void Print(const std::string& sandbox, sandbox::Stream stream, std::string_view text);

  Loop& loop_;
  const Clock& clock_;
  const Serve what_;
  const std::shared_ptr<sandbox::Image> image_;
  PrintFn print_;
  ReadyFn on_ready_;                                // null once it was told
  std::vector<std::shared_ptr<Replica>> replicas_;  // by number; null: none lives now
  std::vector<Timer*> waits_;                       // of pauses that Stop cuts short
  std::string last_end_;                            // of a replica, for who waits for the first
  std::size_t running_ = 0;
  std::size_t doors_ = 0;
  std::size_t next_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t early_ends_ = 0;
  bool stopping_ = false;
};

}  // namespace strata::keeper
