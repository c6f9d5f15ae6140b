// artifact/regular_file.h - reading untrusted files: only regular ones, only up to a limit, and
// inside a folder without ever following a link.
//
//   oci/, store/, kube/shim/wasm/backend.h --> [ OpenBeneath, ReadRegular, ForEachChunk ] --> bytes
//
// What lies in a folder that a manifest names is as hostile as what comes over a network: no FIFO
// keeps us waiting, no link leads elsewhere, no file fills the memory.
//
// Threads:  any; blocking. Lifetime: `root` and `fd` are borrowed.
// Errors:   kNotFound; kInvalidArgument (a directory, FIFO, device or link); kResourceExhausted
//           (larger than the limit). Tested through the other tests of this folder.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "base/text/byte_view.h"

namespace strata::artifact {

// The whole content of the open file `fd`; `name` is for messages.
Result<std::vector<std::byte>> ReadRegular(const Fd& fd, Bytes limit, const std::string& name);

// Gives the content of `fd` to `each`, from the start of the file, in parts of 256 KiB; ends with
// the first error. The position of `fd` stays.
Result<void> ForEachChunk(const Fd& fd, const std::function<Result<void>(std::string_view)>& each);

// Opens `path` below the folder `root` for reading. No part of `path` may be a link or lead out of
// `root`; both are kInvalidArgument. `name` is for messages.
Result<Fd> OpenBeneath(const Fd& root, const std::string& path, const std::string& name);

// Opens a folder to be read or to be `root` above.
Result<Fd> OpenFolder(const std::string& path);

// "sha256:" and 64 lower-case hex digits; the digits alone, or empty when it is something else.
std::string_view DigestHex(std::string_view digest);

// "sha256:<hex>" of `bytes`.
std::string DigestOf(ByteView bytes);

}  // namespace strata::artifact
