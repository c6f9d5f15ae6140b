// artifact/oci/oci_layout.h - an OCI image layout on this machine: from a tag or digest to its
// manifest and blobs, everything on the way checked against the digest and size by which it was
// reached.
//
//   Resolve --> [ Layout --Find--> Manifest ] --> wasm_artifact.h | container_image.h
//
// Source: OCI image specification 1.1, image-layout.md, image-index.md, descriptor.md.
//
// Threads: blocking; const methods from any. Errors as in artifact/artifact.h. Internal to the
// folder. Tested by artifact/artifact_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// A link of the Merkle tree; `digest` is well-formed.
struct Descriptor {
  std::string media_type;
  std::string digest;
  std::uint64_t size = 0;
};

struct Manifest {
  std::string digest;  // "sha256:..." of its bytes
  Json json;           // an object
};

// The string member `name` of `object`; empty when it has none.
std::string TextOf(const Json& object, const char* name);

class Layout {
 public:
  static Result<Layout> Open(const std::string& path);

  // The manifest that `reference` asks for; in an index of several platforms, linux/amd64.
  [[nodiscard]] Result<Manifest> Find(const LayoutReference& reference) const;

  [[nodiscard]] Result<Descriptor> ParseDescriptor(const Json& value) const;
  [[nodiscard]] Result<Descriptor> DescriptorOf(const Json& parent, const char* field) const;

  // The whole content, checked.
  [[nodiscard]] Result<std::vector<std::byte>> Blob(const Descriptor& blob, Bytes limit) const;
  [[nodiscard]] Result<Json> JsonBlob(const Descriptor& blob) const;  // an object
  // Not checked: whoever reads it counts and hashes.
  [[nodiscard]] Result<Fd> OpenBlob(const Descriptor& blob) const;

  // kInvalidArgument, with this layout's name before `what`.
  [[nodiscard]] std::unexpected<Error> Malformed(const std::string& what) const {
    return Fail(Errc::kInvalidArgument, name_ + ": " + what);
  }

 private:
  Layout(Fd root, std::string name) : root_(std::move(root)), name_(std::move(name)) {}
  [[nodiscard]] Result<Json> ReadJson(const std::string& path) const;
  [[nodiscard]] Result<Descriptor> Choose(const Json& index,
                                          const LayoutReference& reference) const;

  Fd root_;
  std::string name_;
};

}  // namespace strata::artifact
