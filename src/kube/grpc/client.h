// kube/grpc/client.h - calls a gRPC server on a Unix socket: one call after the other.
//
//   shim/wasm/artifact.h --> [ Client ] --HTTP/2--> containerd
//
// For the few calls that containerd answers nowhere else: a connection is made for them and closed
// again. Everything else between containerd and us is ttrpc.
//
// Threads:  one, which blocks. Lifetime: after a failure of a call there are no more.
// Errors:   as stated; kUnavailable and FailErrno's codes also: the connection broke;
//           kDeadlineExceeded: nothing came for as long as the caller is patient. Tested by
//           client_test.cc, tests/kube/wasm_test.py.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/files/fd.h"
#include "base/result.h"
#include "kube/grpc/frames.h"

namespace strata::kube::grpc {

class Client {
 public:
  // kUnavailable and FailErrno's codes: nobody listens at `path`.
  static Result<Client> Connect(std::string_view path, std::chrono::milliseconds patience);

  // Gives `each` the messages of the answer, in order. None comes from a call that the server
  // refused, and fewer than there are from one that it could not finish: the caller counts them.
  // kInvalidArgument: too large, or no answer of gRPC.
  Result<void> Call(const Request& request, const Answer::OnMessage& each);

  // The message of an answer that has one. kNotFound: the server has none, whatever its reason.
  Result<std::string> Call(const Request& request);

 private:
  Client(Fd socket, std::chrono::milliseconds patience)
      : socket_(std::move(socket)), patience_(patience) {}

  Result<void> Send(std::string_view bytes);
  Result<std::string> Receive(std::size_t size);
  Result<void> WaitFor(short what) const;

  Fd socket_;
  std::chrono::milliseconds patience_;
  std::uint32_t next_stream_ = 1;
};

}  // namespace strata::kube::grpc
