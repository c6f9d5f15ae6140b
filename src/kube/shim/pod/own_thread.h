// kube/shim/pod/own_thread.h - runs a function on a new thread that ends with it, for work that
// changes its thread (setns, unshare).
//
// Threads: those that may block. Errors: the work's; kResourceExhausted: no thread can be made.
// Tested through tests/kube.
#pragma once

#include <string>
#include <system_error>
#include <thread>

#include "base/result.h"

namespace strata::kube::shim {

// What `work`, which gives a Result, comes to.
template <typename Work>
auto OnOwnThread(Work work) -> decltype(work()) {
  decltype(work()) outcome = Fail(Errc::kInternal, "not begun");
  try {
    std::thread([&] { outcome = work(); }).join();
  } catch (const std::system_error& error) {
    return Fail(Errc::kResourceExhausted, std::string("make a thread: ") + error.what());
  }
  return outcome;
}

}  // namespace strata::kube::shim
