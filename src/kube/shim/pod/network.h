// kube/shim/pod/network.h - the network namespace of a pod, which containerd or whoever runs it
// made: used from outside, for processes that are not in it.
//
//   WasmBackend --> [ ListenAt ] --> descriptors for a cell, which has no network itself
//
// Threads: those that may block. Lifetime: a listener lives on when its namespace's path has gone.
// Errors: http::ListenTcp's; FailErrno's codes: no such namespace. Tested by
// tests/kube/http_test.py.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "base/files/fd.h"
#include "base/result.h"
#include "kube/shim/pod/own_thread.h"

namespace strata::kube::shim {

// Has the calling thread, which must be one that ends soon, enter the namespace at `path`.
Result<void> EnterNetwork(const std::string& path);

// What `work`, which gives a Result, comes to in the namespace at `path`.
template <typename Work>
auto InNetwork(const std::string& path, Work work) {
  return OnOwnThread([&]() -> decltype(work()) {
    if (auto entered = EnterNetwork(path); !entered) {
      return std::unexpected(std::move(entered).error());
    }
    return work();
  });
}

// Listeners at `port`, one for each version of IP that is there: at every address of the namespace
// at `path`; of our own, for an empty path, at loopback only.
Result<std::vector<Fd>> ListenAt(const std::string& path, std::uint16_t port);

}  // namespace strata::kube::shim
