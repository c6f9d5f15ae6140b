// host/unix_address.h - where a socket file is, and connections to whoever listens there.
//
// Threads: any; values. Errors: kInvalidArgument: no path, or one that does not fit into the
// kernel's address; kUnavailable and FailErrno's codes: nobody can be reached there.
// Tested by unix_address_test.cc.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string_view>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::host {

class UnixAddress {
 public:
  static Result<UnixAddress> Of(std::string_view path);

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&address_);
  }
  [[nodiscard]] static socklen_t size() noexcept { return sizeof(sockaddr_un); }
  [[nodiscard]] const char* path() const noexcept { return address_.sun_path; }

 private:
  UnixAddress() = default;
  sockaddr_un address_{.sun_family = AF_UNIX, .sun_path = {}};
};

// A stream socket that is connected to nobody yet: non-blocking, closed on exec.
Result<Fd> UnixSocket();

// One that is connected to whoever listens at `path`. Never waits: it connects at once or not at
// all.
Result<Fd> ConnectUnix(std::string_view path);

}  // namespace strata::host
