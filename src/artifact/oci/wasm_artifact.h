// artifact/oci/wasm_artifact.h - the wasm in an OCI manifest: the CNCF wasm artifact (config
// application/vnd.wasm.config.v0+json), or a plain image manifest with one layer of wasm.
//
//   artifact.h, kube/shim/wasm/artifact.h --Blobs, Manifest--> [ IsWasm, ReadWasm ] --> bytes
//
// Whether the bytes are wasm is the compile role's to find out, not ours.
//
// Threads:  blocking. Errors: as in artifact/artifact.h. Tested by artifact/artifact_test.cc.
#pragma once

#include <cstddef>
#include <vector>

#include "artifact/oci/blobs.h"
#include "base/bytes.h"
#include "base/result.h"

namespace strata::artifact {

// Whether the manifest's first layer says that it is wasm.
bool IsWasm(const Manifest& manifest);

// The bytes of its one wasm layer.
Result<std::vector<std::byte>> ReadWasm(const Blobs& blobs, const Manifest& manifest, Bytes limit);

}  // namespace strata::artifact
