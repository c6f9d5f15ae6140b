// artifact/store/image_store.h - container images, unpacked: each layer once, shared by every image
// that has it.
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
// Threads:  one loop. Hashing and copying give way to others every megabyte. Several Unpacks may
//           run at once: a layer that they share is made once.
// Lifetime: outlives its tasks; not moved while there are any.
// Errors:   kInvalidArgument: tampered, truncated, or refused by strata-unpack; kResourceExhausted:
//           over the limits; kUnsupported: not root; kUnavailable: abandoned. Nothing is left
//           behind, but for whole layers, which the next Prune removes.
// Tested by image_store_test.cc, tests/e2e/images_test.py and archives_test.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "artifact/oci/container_image.h"
#include "artifact/store/root_image.h"
#include "base/async/task.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"

namespace strata::artifact {

class ImageStore {
 public:
  struct Config {
    std::filesystem::path directory;         // made (0700) when it is not there
    std::filesystem::path unpacker;          // the program strata-unpack
    Bytes largest_layer = Bytes::MiB(8192);  // compressed, as a tar, and unpacked
  };
  static Result<ImageStore> Open(Config config);

  // How far an Unpack is: layer `layer` of `layers`, `bytes` of its blob's `total`.
  struct Unpacking {
    std::string_view digest;  // of the blob
    std::uint32_t layer = 0;
    std::uint32_t layers = 0;
    std::uint64_t bytes = 0;
    std::uint64_t total = 0;
  };
  // Told every megabyte, and whenever something else is waited for; false: give up.
  using WatchFn = std::function<bool(const Unpacking&)>;

  // Makes every layer that is not here yet, and the image; durable. Doing it again is cheap.
  Task<RootImage> Unpack(ContainerImage image, WatchFn watch);

  // kNotFound: not unpacked, or a layer is missing.
  [[nodiscard]] Result<RootImage> Get(std::string_view digest) const;

  // Removes images whose digest is not in `keep`, then layers that neither an image nor a running
  // Unpack names; how many layers. Fails, and removes nothing, when one that is kept cannot be
  // read: somebody may run on its layers.
  Result<std::size_t> Prune(const std::set<std::string>& keep);

 private:
  explicit ImageStore(Config config) : config_(std::move(config)) {}
  using Tell = std::function<bool(std::uint64_t bytes)>;
  class Needing;
  Task<RootImage> MakeImage(ContainerImage image, WatchFn watch);
  Task<void> MakeLayer(const Layout& layout, const ImageLayer& layer, const Tell& tell);
  Task<void> FillTemporary(const Layout& layout, const ImageLayer& layer,
                           const std::filesystem::path& work, const Tell& tell);
  Task<std::string> RunUnpacker(std::vector<std::string> arguments, const Fd& in,
                                const std::filesystem::path& work);
  [[nodiscard]] std::filesystem::path LayerPath(std::string_view diff_id) const;
  [[nodiscard]] std::filesystem::path ImagePath(std::string_view digest) const;

  Config config_;
  std::uint64_t next_ = 0;
  std::multiset<std::string> needed_;  // diff_ids of images that are being unpacked
  std::set<std::string> making_;       // diff_ids
};

}  // namespace strata::artifact
