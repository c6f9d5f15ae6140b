// cell/cell.h - a cell that serves: what it holds and how the manager's messages change it.
//
//   wire --> [ Cell::Handle ] --> modules, plan, listeners, sandboxes
//   listeners, fronts --> http::Server --> route::RequestPath --> driver
//
// The same for a host and for a front, which has no engine but a way to the cells that have one.
// Knows nothing of processes, signals or who the manager is: serving.h drives it. A message that
// cannot be carried out is answered with its error and changes nothing.
//
// Threads: one loop. Lifetime: Drain() before it is destroyed, or let the process end.
// Tested by cell_test.cc (fake driver) and tests/integration (the real program).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "base/random.h"
#include "cell/configuration.h"
#include "cell/former_lists.h"
#include "cell/front_lines.h"
#include "cell/modules.h"
#include "cell/private_handler.h"
#include "cell/sandboxes.h"
#include "cell/wire/messages.h"
#include "cell/wire/network.h"
#include "cell/wire/ring_sink.h"
#include "http/server/server.h"
#include "policy/allow_all.h"
#include "route/request_path.h"
#include "sandbox/driver.h"
#include "sandbox/remote/driver.h"
#include "sandbox/remote/service.h"
#include "telemetry/log.h"

namespace strata::cell {

// What a cell is made of. The references outlive it.
struct CellParts {
  Loop& loop;
  Clock& clock;
  Random& random;
  sandbox::Driver& driver;
  telemetry::Logger log;
  Start start;
  std::string engine_key;
  AllowedPaths allowed;
  Fd ring;
  Fd private_listener;
  Fd control_listener;  // only kept, for State
  // Sends to the manager; false: there is none now.
  std::function<bool(ToManager, std::vector<Fd>)> post;
  std::function<std::uint64_t()> denials;  // refused outgoing connections so far
  route::Hop* hop = nullptr;               // of a front
};

class Cell {
 public:
  // Maps the ring and serves the private listener. Fails with their errors.
  static Result<std::unique_ptr<Cell>> Create(CellParts parts);
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;
  ~Cell();

  // Carries out one message and answers it through CellParts::post. Fails with kInvalidArgument
  // when it breaks the wire's rules (descriptors that do not fit, a second Start): the wire is then
  // to be closed. Drain and Adopt are not for here.
  Result<void> Handle(ToCell message, std::vector<Fd> fds);

  // What a later manager needs to take over, with duplicates of every descriptor.
  struct Inventory {
    State state;
    std::vector<Fd> fds;
  };
  Result<Inventory> TakeStock() const;

  // Stops accepting, finishes what runs, cuts off what is left at the deadline.
  Awaitable<void> Drain(Duration patience);

  // The manager is gone: nobody answers connection requests any more.
  void OnWireLost() { network_.OnWireLost(); }

  [[nodiscard]] const Start& start() const noexcept { return parts_.start; }

 private:
  struct Kept {
    Listen listen;
    Fd fd;
  };

  Cell(CellParts parts, telemetry::RingWriter ring);

  Result<void> OnModules(Modules message, std::vector<Fd> fds);
  Result<void> OnListen(Listen message, std::vector<Fd> fds);
  Result<void> OnServeFront(ServeFront message, std::vector<Fd> fds);
  Result<void> OnTakeClient(TakeClient message, std::vector<Fd> fds);
  void GiveUpListeners();
  Awaitable<void> FinishListening(std::shared_ptr<http::Server> server);
  void OnConfigure(Configure message);
  void OnCreateSandbox(const CreateSandbox& message);
  Result<void> Switch(Configure message);
  bool Post(ToManager message, std::vector<Fd> fds = {});
  bool Give(Fd client);
  [[nodiscard]] std::shared_ptr<http::Server> NewPublicServer();
  [[nodiscard]] Stats Count() const;

  CellParts parts_;
  RingSink ring_;
  FormerLists former_;
  sandbox::remote::RemoteDriver remote_;
  sandbox::remote::ServiceDriver service_;
  ModuleStore modules_;
  WireNetwork network_;
  policy::AllowAll authorizer_;
  route::Ports ports_;
  route::RequestPath path_;
  Sandboxes sandboxes_;
  PrivateHandler private_handler_;
  FrontLines fronts_;
  std::shared_ptr<http::Server> public_server_;
  std::vector<std::shared_ptr<http::Server>> leaving_;  // finish what they accepted, give it back
  http::Server private_server_;
  std::vector<Kept> listeners_;
};

}  // namespace strata::cell
