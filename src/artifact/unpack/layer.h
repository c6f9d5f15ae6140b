// artifact/unpack/layer.h - one image layer: from compressed bytes to a tar, and from a tar to a
// directory. What is parsed here is hostile, so it is linked into strata-unpack alone, which has
// confined itself (confine.h) before it reads the first byte.
//
//   blob --Decompress--> tar --> [ UnpackLayer ] --> directory; words for overlayfs, to the store
//
// Source: OCI image specification 1.1, layer.md. Parser: libarchive.
//
// What UnpackLayer does not make: devices, FIFOs, sockets, extended attributes (so no file
// capabilities). What it refuses: names with "..", names that go through a link, hard links to what
// is not there.
//
// Threads: one. Errors: kInvalidArgument: damaged or refused; kResourceExhausted: over the limits.
// Tested by layer_test.cc, tests/e2e/images_test.py and archives_test.py.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"

namespace strata::artifact::unpack {

// Copies `blob` to `tar` without its compression (gzip, zstd or none).
Result<void> Decompress(const Fd& blob, const Fd& tar, Bytes limit);

struct LayerLimits {
  Bytes content = Bytes::MiB(8192);  // of all files together
  std::uint64_t entries = 500'000;   // and directories that only entries' names make
};

// A word of the layer about the ones below it; `path` is plain and relative to the layer.
enum class Below : char {
  kRemoved = 'W',  // `path` is not to be seen any more
  kOpaque = 'O',   // nothing below directory `path` ("." is the root) is
};
using BelowFn = std::function<Result<void>(Below what, const std::string& path)>;

// Unpacks `tar` into the empty directory `root`, and has it written to the disk. A failure leaves
// it half filled.
Result<void> UnpackLayer(const Fd& tar, const Fd& root, const LayerLimits& limits,
                         const BelowFn& below);

}  // namespace strata::artifact::unpack
