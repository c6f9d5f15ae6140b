// kube/shim/probe.h - which classes work on this node, found out by trying each as pods have it.
//
//   install-node --`-probe`--> [ Probe ] --JSON--> the node's labels
//
// Beside what runs: directories and control groups are the probe's own, and gone after it.
//
// What it does not try: the network of a pod; a machine where KVM does not work (it has what
// emulation needs); a wasm program, which is compiled in a confined process and not run.
//
// Threads: blocks, for seconds; for a program's main thread. Errors: none, they are what was found.
// Tested by tests/kube/install_test.py.
#pragma once

#include "base/text/json.h"

namespace strata::kube::shim {

// host::FeaturesToJson's, of "class-container", "class-appkernel", "class-microvm", "class-wasm".
Json Probe();

}  // namespace strata::kube::shim
