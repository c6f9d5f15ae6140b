// model/artifact_reference.h - what kind of place an artifact reference names, by its spelling
// alone.
//
//   ./f.wasm, /f.wasm                   a file
//   oci:<path>[:tag|@sha256:...]        an OCI image layout
//   oci-archive:<path>[:tag]            a tar of one
//   docker-archive:<path>[:name:tag]    what `docker save` writes
//   oci://HOST[:PORT]/NAME[:TAG|@...]   a registry
//
// Threads: pure; total. Lifetime: the views are of the text that was given.
// Tested by model/rules_test.cc and model/manifest/local_paths_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/resource.h"

namespace strata::model {

enum class ArtifactPlace : std::uint8_t { kFile, kLayout, kOciArchive, kDockerArchive, kRegistry };

struct ArtifactReference {
  ArtifactPlace place = ArtifactPlace::kFile;
  std::string_view scheme;  // "oci:", "oci-archive:", ..., "oci://"; empty for a file
  // On this machine, or of a registry. Of a layout with its tag or digest, which holds no slash.
  std::string_view path;
  // Of an archive: which of its images, ":" and what follows it; it begins at the first colon, as
  // in other tools, so an archive's path holds none. Empty: it has only one.
  std::string_view image;

  [[nodiscard]] bool archive() const noexcept {
    return place == ArtifactPlace::kOciArchive || place == ArtifactPlace::kDockerArchive;
  }
};

ArtifactReference SplitArtifact(std::string_view text) noexcept;

// What kind of artifact it is, where the spelling tells; the others may be either.
std::optional<VariantKind> KindSpelled(std::string_view text) noexcept;

}  // namespace strata::model
