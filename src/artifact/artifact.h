// artifact/artifact.h - from a reference in a manifest to verified bytes.
//
//   manager --> [ Resolve ] --> ContentStore --> compile role --> CodeCache
//
//   /abs/path/f.wasm                    a file
//   oci:/abs/layout[:tag|@sha256:...]   an OCI image layout with one wasm artifact
//
// The referenced files are untrusted: every size is bounded before it is read, every digest is
// checked, no link is followed inside a layout and nothing outside it is opened. The wasm itself is
// only looked at by the compile role.
//
// Threads: blocking file reads; call it where that is allowed. Tested by artifact/artifact_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::artifact {

inline constexpr Bytes kArtifactLimit = Bytes::MiB(256);

struct Artifact {
  std::string digest;  // "sha256:<64 hex digits>" of `bytes`
  std::vector<std::byte> bytes;
};

// Loads what `reference` (local paths absolute) names. kNotFound: no such file, tag or digest;
// kInvalidArgument: no such kind of reference, or what lies there is malformed, does not match its
// digest or size, or is no wasm artifact; kResourceExhausted: larger than `limit`; kUnsupported: a
// registry.
Result<Artifact> Resolve(std::string_view reference, Bytes limit = kArtifactLimit);

}  // namespace strata::artifact
