// cell/roles/image_server.h - answers HTTP with one image and without a manager: every request gets
// a fresh sandbox, as a function's does.
//
//   listeners --> http::Server --> [ ImageServer: a plan with one function ] --> sandbox
//
// The way of a request is that of every cell (route/), which writes nothing down here. No guest
// has connections of its own.
//
// Threads: one loop. Lifetime: the parts outlive it; Drain() before its end, or let the process
// end. Errors: as stated; what becomes of a request is route/answer/answer.h's. Tested by
// image_server_test.cc.
#pragma once

#include <memory>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "base/random.h"
#include "http/server/server.h"
#include "policy/allow_all.h"
#include "route/ports.h"
#include "route/request_path.h"
#include "sandbox/driver.h"

namespace strata::cell {

class ImageServer {
 public:
  struct Parts {
    Loop& loop;
    Clock& clock;
    Random& random;
    route::LineSink& lines;  // what guests print, and why one failed
    std::shared_ptr<sandbox::Image> image;
    route::FunctionSpec function;  // `module` is not used
  };

  // kInvalidArgument: the function cannot be served.
  static Result<std::unique_ptr<ImageServer>> Create(Parts parts);
  ImageServer(const ImageServer&) = delete;
  ImageServer& operator=(const ImageServer&) = delete;
  ~ImageServer();

  // Accepts on a socket that listens. Errors of http::Server::Adopt.
  Result<void> Adopt(Fd listener);

  // Stops accepting and returns when no request is left, or at `deadline`.
  Awaitable<void> Drain(TimePoint deadline) { return server_.Drain(deadline); }

 private:
  class Effects;

  explicit ImageServer(Parts& parts);

  std::unique_ptr<Effects> effects_;
  policy::AllowAll authorizer_;
  route::Ports ports_;
  route::RequestPath path_;
  http::Server server_;
};

}  // namespace strata::cell
