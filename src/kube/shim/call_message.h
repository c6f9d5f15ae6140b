// kube/shim/call_message.h - a service's view of one call: its message in, its failure out. Pure.
#pragma once

#include <utility>

#include "base/result.h"
#include "kube/ttrpc/message.h"
#include "kube/ttrpc/server.h"

namespace strata::kube::shim {

// The message of a call. kInvalidArgument: its bytes are no such message.
template <typename Message>
Result<Message> ParseMessage(const ttrpc::Call& call) {
  Message message;
  if (message.ParseFromString(call.request.payload)) return message;
  return Fail(Errc::kInvalidArgument, call.request.method + ": not its message");
}

inline ttrpc::Reply Failed(Error error) { return std::unexpected(std::move(error)); }

}  // namespace strata::kube::shim
