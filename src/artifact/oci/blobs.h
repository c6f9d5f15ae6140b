// artifact/oci/blobs.h - blobs that are reached by descriptors, wherever they lie: from an index or
// a manifest down to its configuration and layers, everything on the way checked against the digest
// and size by which it was reached.
//
//   oci_layout.h: on this machine | kube/shim/wasm/artifact.h: containerd's --> [ Blobs ]
//      --> wasm_artifact.h | container_image.h
//
// Source: OCI image specification 1.1, image-index.md, descriptor.md.
//
// Threads: blocking; const methods as the implementation's Load allows. Errors as in
// artifact/artifact.h. Tested by artifact/artifact_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/text/json.h"

namespace strata::artifact {

inline constexpr Bytes kMetadataLimit = Bytes::MiB(4);  // of an index, a manifest, a configuration

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

class Blobs {
 public:
  virtual ~Blobs() = default;

  // The manifest that `target` is, or the one among those of an index that runs here.
  [[nodiscard]] Result<Manifest> ManifestAt(const Descriptor& target) const;

  [[nodiscard]] Result<Descriptor> ParseDescriptor(const Json& value) const;
  [[nodiscard]] Result<Descriptor> DescriptorOf(const Json& parent, const char* field) const;

  // The whole content, checked.
  [[nodiscard]] Result<std::vector<std::byte>> Blob(const Descriptor& blob, Bytes limit) const;
  [[nodiscard]] Result<Json> JsonBlob(const Descriptor& blob) const;  // an object

  // kInvalidArgument, with this place's name before `what`.
  [[nodiscard]] std::unexpected<Error> Malformed(const std::string& what) const {
    return Fail(Errc::kInvalidArgument, name_ + ": " + what);
  }

 protected:
  explicit Blobs(std::string name) : name_(std::move(name)) {}
  Blobs(const Blobs&) = delete;
  Blobs(Blobs&&) = default;
  Blobs& operator=(const Blobs&) = delete;
  Blobs& operator=(Blobs&&) = default;

  // The one manifest of `index` that runs here (linux/amd64, or wasm) and has the tag and digest,
  // if they are not empty.
  [[nodiscard]] Result<Descriptor> Choose(const Json& index, std::string_view tag,
                                          std::string_view digest) const;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  // What lies there as `blob`: unchecked, but not more than `limit`.
  [[nodiscard]] virtual Result<std::vector<std::byte>> Load(const Descriptor& blob,
                                                            Bytes limit) const = 0;

  std::string name_;  // for messages
};

}  // namespace strata::artifact
