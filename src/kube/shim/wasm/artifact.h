// kube/shim/wasm/artifact.h - the module of a container whose image is a wasm artifact: containerd
// unpacks no such image, and gives its parts to who asks.
//
//   WasmBackend --> [ ReadArtifact ] --kube/grpc--> containerd: container -> image -> blobs
//      '--> artifact/oci/wasm_artifact.h: manifest -> the one layer of wasm
//
// Which image it is, containerd's own record of the container says, and no annotation. What comes
// is checked as that of any layout is.
//
// Threads:  those that may block: for ten seconds wherever containerd says nothing.
// Errors:   kUnsupported: containerd's address is not known, or the image is no wasm artifact;
//           kNotFound: containerd has no such container, image or part of it; kube/grpc/client.h's,
//           artifact/artifact.h's. Tested by tests/kube/wasm_test.py.
#pragma once

#include <string>

#include "base/result.h"
#include "kube/shim/wasm/modules.h"

namespace strata::kube::shim {

// `containerd`: its gRPC socket; `container`: of `name_space`, both containerd's.
Result<WasmModule> ReadArtifact(const std::string& containerd, const std::string& name_space,
                                const std::string& container);

}  // namespace strata::kube::shim
