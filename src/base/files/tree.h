// base/files/tree.h - a directory with what is in it, to a tar stream and from one (tar.h); one
// file from whoever may send too much.
//
// Only files and directories are packed; of anything else the name is told. What is unpacked stays
// below its root: no entry goes through a link, and links are never made. Of permissions the lowest
// nine bits count, less the umask; owners and times are not kept. A failure leaves what was made
// until then.
//
// These calls block. Threads: one. Errors: FailErrno's codes; tar::Reader's. Tested by
// base/files/tree_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/files/tar.h"
#include "base/result.h"

namespace strata {

using WriteFn = std::function<Result<void>(std::string_view bytes)>;
using SkippedFn = std::function<void(const std::string& path)>;

// Writes the directory `root` as a tar stream. kFailedPrecondition: a file changed meanwhile.
Result<void> PackTree(const Fd& root, const WriteFn& write, const SkippedFn& skipped);

// Where a tree named `name` belongs that is copied to `target`, as with `cp -r`: in `target` where
// that is a directory, else in its place. The directory is made if it is not there.
Result<Fd> OpenTreeRoot(const std::filesystem::path& target, const std::string& name);

// Makes files and directories below `root` as their entries come, directories before what is in
// them. Files that are there are replaced.
class TreeUnpacker {
 public:
  explicit TreeUnpacker(Fd root, tar::Limits limits = {})
      : sink_(std::move(root)), reader_(sink_, limits) {}

  Result<void> Take(std::string_view bytes) { return reader_.Take(bytes); }
  [[nodiscard]] Result<void> Finish() const { return reader_.Finish(); }

 private:
  class Sink final : public tar::Reader::Sink {
   public:
    explicit Sink(Fd root) : root_(std::move(root)) {}
    Result<void> OnEntry(const tar::Entry& entry) override;
    Result<void> OnContent(std::string_view bytes) override;

   private:
    const Fd root_;
    Fd file_;
    std::string path_;  // of it
  };

  Sink sink_;
  tar::Reader reader_;
};

// Writes what comes to `file`, which outlives it, and no more than `most`, as of a tree.
class FileFiller {
 public:
  explicit FileFiller(const Fd& file, Bytes most = tar::Limits{}.content)
      : file_(file), left_(most.count), most_(most) {}

  // kResourceExhausted: it would be more; nothing of `bytes` is written.
  Result<void> Take(std::string_view bytes);

 private:
  const Fd& file_;
  std::uint64_t left_;
  const Bytes most_;
};

}  // namespace strata
