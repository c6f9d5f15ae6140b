// artifact/oci_layout.h - one wasm artifact out of an OCI image layout on this machine.
//
// Reads the CNCF wasm artifact (config application/vnd.wasm.config.v0+json) and a plain image
// manifest with one application/wasm layer. Everything on the way down (index, manifest, config,
// layer) is checked against the digest and the size by which it was reached.
//
// Threads: blocking. Errors as in artifact/artifact.h. Tested by artifact/artifact_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::artifact {

// What follows "oci:" in a reference.
struct LayoutReference {
  std::string path;    // absolute
  std::string tag;     // annotation org.opencontainers.image.ref.name; empty: not asked for
  std::string digest;  // "sha256:..." of the manifest; empty: not asked for
};

Result<LayoutReference> ParseLayoutReference(std::string_view text);

// The bytes of the artifact's one wasm layer.
Result<std::vector<std::byte>> ReadLayout(const LayoutReference& reference, Bytes limit);

}  // namespace strata::artifact
