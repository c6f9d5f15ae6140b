// manager/testing/listening_target.h - for tests: a port of this host that takes connections, which
// nobody accepts, for what a guest may reach.
#pragma once

#include <cstdint>
#include <utility>

#include <gtest/gtest.h>

#include "base/files/fd.h"
#include "http/server/listener.h"

namespace strata::manager {

class ListeningTarget {
 public:
  ListeningTarget() {
    const auto address = http::ParseTcpAddress("127.0.0.1:0");
    auto listener = http::ListenTcp(*address, http::PortSharing::kExclusive);
    if (!listener) {
      ADD_FAILURE() << listener.error().message;
      return;
    }
    socket_ = *std::move(listener);
  }

  [[nodiscard]] std::uint16_t port() const { return http::LocalPort(socket_).value_or(0); }

 private:
  Fd socket_;
};

}  // namespace strata::manager
