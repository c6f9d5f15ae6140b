// artifact/artifact.h - from a reference in a manifest to verified bytes.
//
//   manager --> [ Resolve ] --wasm---> ContentStore --> compile role --> CodeCache
//                           \--image--> ImageStore --> keepers
//
//   /abs/path/f.wasm                    a file
//   oci:/abs/layout[:tag|@sha256:...]   an OCI image layout: a wasm artifact or a container image
//
// The referenced files are untrusted: every size is bounded before it is read, every digest is
// checked, no link is followed inside a layout and nothing outside it is opened. The wasm itself is
// only looked at by the compile role.
//
// Threads: blocking file reads; call it where that is allowed. Tested by artifact/artifact_test.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifact/oci/container_image.h"
#include "base/bytes.h"
#include "base/result.h"

namespace strata::artifact {

inline constexpr Bytes kArtifactLimit = Bytes::MiB(256);

struct Artifact {
  std::string digest;            // "sha256:<64 hex digits>" of `bytes`, or of the image's manifest
  std::vector<std::byte> bytes;  // the wasm; empty for an image
  std::optional<ContainerImage> image;
};

// Loads what `reference` (local paths absolute) names. kNotFound: no such file, tag or digest;
// kInvalidArgument: no such kind of reference, or what lies there is malformed, does not match its
// digest or size, or is neither wasm nor a container image; kResourceExhausted: larger than
// `limit`; kUnsupported: a registry or an archive.
Result<Artifact> Resolve(std::string_view reference, Bytes limit = kArtifactLimit);

}  // namespace strata::artifact
