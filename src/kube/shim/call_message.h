// kube/shim/call_message.h - a service's view of one call: its method, its message in, its failure
// out.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/async/task.h"
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

template <typename Service>
using Method = Awaitable<ttrpc::Reply> (Service::*)(ttrpc::Call call);
template <typename Service, std::size_t N>
using Methods = std::array<std::pair<std::string_view, Method<Service>>, N>;

// Has the method that the call names handle it. `methods` lives for ever; `what`: whose they are.
template <typename Service, std::size_t N>
Awaitable<ttrpc::Reply> Dispatch(Service& service, const Methods<Service, N>& methods,
                                 std::string_view what, ttrpc::Call call) {
  const auto at = std::ranges::find(methods, std::string_view(call.request.method),
                                    &Methods<Service, N>::value_type::first);
  if (at == methods.end()) {
    co_return Fail(Errc::kUnsupported,
                   std::string(what) + " have no method " + call.request.method);
  }
  if (call.request.containerd_namespace.empty()) {
    co_return Fail(Errc::kInvalidArgument, call.request.method + ": no namespace was sent");
  }
  co_return co_await (service.*at->second)(std::move(call));
}

inline ttrpc::Reply Failed(Error error) { return std::unexpected(std::move(error)); }

}  // namespace strata::kube::shim
