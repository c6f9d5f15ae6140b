// artifact/store/content_store.h - wasm artifacts by digest in STRATA_HOME/content: what a restart
// needs when the file that was deployed is long gone or changed.
//
// A file appears complete or not at all, and is checked against its name whenever it is read.
//
// Threads: one at a time; blocking. Errors: as each says, else FailErrno's codes.
// Tested by artifact/store/content_store_test.cc.
#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace strata::artifact {

class ContentStore {
 public:
  // Makes `directory` (0700) when there is none and removes unfinished files of a crashed writer.
  static Result<ContentStore> Open(const std::string& directory);

  // Stores `bytes` durably. `digest` is theirs (DigestOf), which is not checked here but by Get.
  // Storing twice is harmless, and repairs a damaged file.
  Result<void> Put(std::string_view digest, std::span<const std::byte> bytes);

  // kNotFound: not here. kFailedPrecondition: the file does not match its digest; it was removed,
  // so storing the artifact again repairs it.
  Result<std::vector<std::byte>> Get(std::string_view digest) const;

  [[nodiscard]] bool Contains(std::string_view digest) const;

  // Removes everything whose digest is not in `keep`; returns how many files went.
  Result<std::size_t> Prune(const std::set<std::string>& keep);

 private:
  explicit ContentStore(std::string directory);

  std::string directory_;
};

}  // namespace strata::artifact
