// sandbox/remote/server.h - the side of remote sandboxes that has the real ones: serves images of a
// local driver to whoever holds the other ends of their lines.
//
//   RemoteDriver (in a cell) ==line of an image==> [ Server --> Image --> Sandbox ] (in a keeper)
//
// The other side is not trusted: a message that breaks the rules closes its line, and a line that
// closes ends what came over it: an image's line its image, a sandbox's line the sandbox.
//
// Threads:  one loop. Lifetime: loop and clock outlive it; it must not go while lines() > 0.
// Errors:   of a sandbox go to the caller as they are.
// Tested by tests/integration/remote.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "sandbox/driver.h"
#include "sandbox/remote/messages.h"
#include "wire/channel.h"

namespace strata::sandbox::remote {

// What runs as a server and can be reached, as one line sees it.
class Dialler {
 public:
  struct Connection {
    // A stream socket. Not valid: there can be no more of them, and this line has some.
    Fd socket;
    std::shared_ptr<void> use;  // let go when the other end has closed it
  };

  virtual ~Dialler() = default;
  // A new connection. kUnavailable: nothing could be reached within `patience`, or what there is to
  // wait for it; kResourceExhausted: too many wait already.
  virtual Task<Connection> Dial(std::chrono::milliseconds patience) = 0;
  // How busy the connections are that this line has.
  virtual void OnBusy(const Busy& busy) = 0;
  // Called when connections that were handed out are not to be used for another request. Set by
  // whoever hands them out.
  std::function<void()> on_retire;
};

class Server {
 public:
  Server(Loop& loop, const Clock& clock) : loop_(loop), clock_(clock) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves `image` on `line`, a connected stream socket, until the other end closes it. Sandboxes
  // made by then live on until their own lines close. Each is made with `spec`, but for its id and
  // its log, which are the other end's; the other end cannot ask for anything else.
  void Serve(std::shared_ptr<Image> image, Spec spec, Fd line);

  // Hands out connections to `service` on `line` until the other end closes it.
  void Serve(std::shared_ptr<Dialler> service, Fd line);

  // Closes every line: calls that run are stopped, and sandboxes end soon after.
  void CloseAll();

  // Lines of images and of sandboxes that are open or still being cleaned up after.
  [[nodiscard]] std::size_t lines() const noexcept { return open_.size(); }
  [[nodiscard]] std::size_t sandboxes() const noexcept { return sandboxes_; }
  [[nodiscard]] std::size_t calls() const noexcept { return calls_; }

 private:
  class Session;
  class OpenLine;
  class ServiceLine;

  Awaitable<void> ReadImageLine(std::shared_ptr<Image> image, Spec spec, Fd line);
  Awaitable<void> ReadServiceLine(std::shared_ptr<Dialler> service, Fd line);
  Awaitable<void> RunSandbox(std::shared_ptr<Image> image, Spec spec, Fd line);

  Loop& loop_;
  const Clock& clock_;
  std::set<wire::Channel*> open_;
  std::size_t sandboxes_ = 0;
  std::size_t calls_ = 0;
};

}  // namespace strata::sandbox::remote
