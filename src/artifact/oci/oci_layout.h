// artifact/oci/oci_layout.h - an OCI image layout on this machine: from a tag or digest to its
// manifest and blobs.
//
//   Resolve --> [ Layout --Find--> Manifest ] --> wasm_artifact.h | container_image.h
//
// Source: OCI image specification 1.1, image-layout.md.
//
// Threads: blocking; const methods from any. Errors as in artifact/artifact.h. Internal to the
// folder. Tested by artifact/artifact_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "artifact/oci/blobs.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "base/text/json.h"

namespace strata::artifact {

// What follows "oci:" in a reference.
struct LayoutReference {
  std::string path;    // absolute
  std::string tag;     // annotation org.opencontainers.image.ref.name; empty: not asked for
  std::string digest;  // "sha256:..." of the manifest; empty: not asked for
};

Result<LayoutReference> ParseLayoutReference(std::string_view text);

class Layout final : public Blobs {
 public:
  static Result<Layout> Open(const std::string& path);

  // The manifest that `reference` asks for; in an index of several platforms, linux/amd64.
  [[nodiscard]] Result<Manifest> Find(const LayoutReference& reference) const;

  // Not checked: whoever reads it counts and hashes.
  [[nodiscard]] Result<Fd> OpenBlob(const Descriptor& blob) const;

 private:
  Layout(Fd root, std::string name) : Blobs(std::move(name)), root_(std::move(root)) {}
  [[nodiscard]] Result<Json> ReadJson(const std::string& path) const;
  [[nodiscard]] Result<std::vector<std::byte>> Load(const Descriptor& blob,
                                                    Bytes limit) const override;

  Fd root_;
};

}  // namespace strata::artifact
