// artifact/oci/container_image.h - the container image in an OCI manifest: its layers and what its
// config says about running it. Nothing is unpacked here (image_store.h does).
//
// Source: OCI image specification 1.1, manifest.md, config.md.
//
// Threads: blocking. Errors as in artifact/artifact.h. Tested by tests/e2e/images_test.py.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "artifact/oci/oci_layout.h"
#include "base/result.h"
#include "model/values.h"

namespace strata::artifact {

struct ImageLayer {
  Descriptor blob;      // a tar, plain, gzip or zstd
  std::string diff_id;  // "sha256:..." of the plain tar
};

struct ContainerImage {
  std::string digest;              // of the manifest
  std::string layout;              // the folder that the blobs are in
  std::vector<ImageLayer> layers;  // the lowest first; 1 to 127
  std::vector<std::string> args;   // entrypoint, then command; not empty
  model::Env env;
  std::string cwd = "/";
  std::string user;  // "", "1000", "1000:1000", "name", "name:group"; names are the image's own
};

// kInvalidArgument: malformed, not for linux/amd64, layers and diff_ids that do not match, nothing
// to run; kUnsupported: a layer's media type.
Result<ContainerImage> ReadContainerImage(const Layout& layout, const std::string& path,
                                          const Manifest& manifest);

}  // namespace strata::artifact
