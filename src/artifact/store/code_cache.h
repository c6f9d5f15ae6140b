// artifact/store/code_cache.h - compiled code in STRATA_HOME/cache, keyed by artifact and engine.
//
//   manager: Lookup --hit--> descriptor to the cells
//                   --miss-> compile role --> sealed memfd --> Insert
//
// LOADING UNVERIFIED NATIVE CODE IS EXECUTING IT. An entry is a file `<name>` (the code, mapped
// from offset 0) and its sidecar `<name>.mac`: HMAC-SHA256, under the instance's key, of the
// artifact digest, the engine key and every byte of the code. What does not verify is removed and
// counted, and the caller sees a miss. Not covered: a process of the same user that rewrites an
// entry between verification and mapping; it could as well trace the manager. Guests and cells
// cannot reach the directory.
//
// Threads: one at a time; Lookup reads the whole entry. Tested by
// artifact/store/code_cache_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"

namespace strata::artifact {

class CodeCache {
 public:
  using Key = std::array<std::byte, 32>;

  struct Options {
    Bytes capacity = Bytes::MiB(4096);  // least recently used entries go first
  };

  struct Stats {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;    // nothing there
    std::uint64_t rejected = 0;  // there, but corrupt, foreign or forged; removed
    std::uint64_t evicted = 0;
  };

  // Makes `directory` (0700) when there is none and removes unfinished files of a crashed writer.
  static Result<CodeCache> Open(const std::string& directory, const Key& key, Options options);

  // The code of `artifact_digest` ("sha256:...") as made by the engine with `engine_key`
  // (strata_engine_key): a verified read-only descriptor at offset 0. kNotFound: compile it.
  Result<Fd> Lookup(std::string_view artifact_digest, std::string_view engine_key);

  // Copies `code` (borrowed, read from offset 0 to its end) into the cache, replacing an older
  // entry, and returns a descriptor like Lookup's. kResourceExhausted: disk full; nothing is kept.
  Result<Fd> Insert(std::string_view artifact_digest, std::string_view engine_key, const Fd& code);

  [[nodiscard]] const Stats& stats() const noexcept { return stats_; }

 private:
  CodeCache(std::string directory, Fd folder, const Key& key, Options options);

  void Evict(const std::string& keep);

  std::string directory_;
  Fd folder_;
  Key key_;
  Options options_;
  Stats stats_;
};

}  // namespace strata::artifact
