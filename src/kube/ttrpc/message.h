// kube/ttrpc/message.h - a call and its answer, as they stand in the frames of ttrpc.
//
//   Client --EncodeRequest--> frame.h ==socket==> frame.h --DecodeRequest--> Server --> a service
//
// Errors cross the wire as gRPC's codes. The payload is its method's to encode and decode.
//
// Threads:  pure; any. Errors: the decoders are total: what they take comes from a socket.
// Tested by kube/ttrpc/message_test.cc and tests/fuzz/ttrpc_fuzz.cc.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strata::kube::ttrpc {

struct Request {
  std::string service;                  // "containerd.task.v3.Task"
  std::string method;                   // "Create"
  std::string payload;                  // the method's message, encoded
  std::chrono::nanoseconds timeout{0};  // how long the caller waits; 0: for ever
  std::string containerd_namespace;     // from the metadata; empty: none was sent
  friend bool operator==(const Request&, const Request&) = default;
};

// What a call gives: the reply's message, encoded.
using Reply = Result<std::string>;

std::string EncodeRequest(const Request& request);
// kInvalidArgument: not a request, no service or method, or a timeout below zero.
Result<Request> DecodeRequest(std::string_view data);

std::string EncodeReply(const Reply& reply);
// The peer's refusal is a failure of its code; kInternal: not a response.
Reply DecodeReply(std::string_view data);

// gRPC's number for `code`, and the code for a number of its; unknown ones are kInternal.
int GrpcCode(Errc code) noexcept;
Errc FromGrpcCode(int code) noexcept;

}  // namespace strata::kube::ttrpc
