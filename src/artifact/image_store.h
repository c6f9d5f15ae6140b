// artifact/image_store.h - container images, unpacked: each layer once, shared by every image that
// has it.
//
//   Resolve --ContainerImage--> [ ImageStore::Unpack --> strata-unpack (confined) ] --> RootImage
//
//   <directory>/layers/<hex of diff_id>/   one layer, in the form that overlayfs takes
//   <directory>/images/<hex of digest>     a RootImage, naming its layers
//   <directory>/tmp/                       what is being unpacked; emptied at Open
//
// A layer or image is there complete or not at all: it is made in tmp/ and renamed. The blob is
// copied and its copy hashed before anything looks into it; the tar's own digest (diff_id) is
// hashed here too, so a decompressor that was taken over cannot pass off another content. Only
// strata-unpack parses.
//
// Threads:  one loop. Hashing and copying give way to others every megabyte. Lifetime: outlives its
//           tasks. Changes one at a time: the caller's business (the manager's turns).
// Errors:   kInvalidArgument: tampered, truncated, or refused by strata-unpack; kResourceExhausted:
//           over the limits; kUnsupported: not root. Nothing is left behind.
// Tested by artifact/image_store_test.cc and tests/e2e/images_test.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "artifact/container_image.h"
#include "artifact/root_image.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/task.h"

namespace strata::artifact {

class ImageStore {
 public:
  struct Config {
    std::filesystem::path directory;         // made (0700) when it is not there
    std::filesystem::path unpacker;          // the program strata-unpack
    Bytes largest_layer = Bytes::MiB(8192);  // compressed, as a tar, and unpacked
  };
  static Result<ImageStore> Open(Config config);

  // Makes every layer that is not here yet, and the image; durable. Doing it again is cheap.
  Task<RootImage> Unpack(ContainerImage image);

  // kNotFound: not unpacked, or a layer is missing.
  [[nodiscard]] Result<RootImage> Get(std::string_view digest) const;

  // Removes images whose digest is not in `keep`, then layers that no image names; how many layers.
  Result<std::size_t> Prune(const std::set<std::string>& keep);

 private:
  explicit ImageStore(Config config) : config_(std::move(config)) {}
  Task<void> MakeLayer(const Layout& layout, const ImageLayer& layer);
  Task<void> FillTemporary(const Layout& layout, const ImageLayer& layer,
                           const std::filesystem::path& work);
  Task<std::string> RunUnpacker(std::vector<std::string> arguments, const Fd& in,
                                const std::filesystem::path& work);
  [[nodiscard]] std::filesystem::path LayerPath(std::string_view diff_id) const;
  [[nodiscard]] std::filesystem::path ImagePath(std::string_view digest) const;

  Config config_;
  std::uint64_t next_ = 0;
};

}  // namespace strata::artifact
