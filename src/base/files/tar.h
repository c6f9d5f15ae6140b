// base/files/tar.h - a tree of files as one stream: the few kinds of tar entries that `strata cp`
// needs.
//
//   files --Header, content, Padding, End--> bytes --Reader--> Sink
//
// Written and read are ustar's files and directories, with GNU's long names. A Reader takes hostile
// bytes: it is total, and refuses every other kind of entry (links, devices, ...), names that are
// absolute or have "..", and more than its limits. A Sink sees plain relative names only.
//
// Threads: values. Errors: kInvalidArgument: no such archive, or refused; kResourceExhausted: over
// the limits. Tested by base/files/tar_test.cc and tests/fuzz/tar_fuzz.cc.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::tar {

inline constexpr std::size_t kBlock = 512;
inline constexpr std::size_t kLongestPath = 4095;
// Of zeros after the last entry: its end, and what fills a record of other programs, 20 blocks.
inline constexpr std::size_t kMostBlanks = 2 + 20;

struct Entry {
  std::string path;  // "" is the tree's root, a directory
  bool is_directory = false;
  mode_t mode = 0;         // permissions only
  std::uint64_t size = 0;  // of a file
};

struct Limits {
  Bytes content =
      Bytes::MiB(8192);  // of all files together; one file is smaller than this in any case
  std::uint64_t entries = 1'000'000;
};

// What comes before an entry's content. Its path is at most kLongestPath bytes long.
std::string Header(const Entry& entry);
// What comes after a content of `size` bytes.
std::string Padding(std::uint64_t size);
// What comes after the last entry.
std::string End();

class Reader {
 public:
  class Sink {
   public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;
    virtual Result<void> OnEntry(const Entry& entry) = 0;
    // The next bytes of the file that was told last.
    virtual Result<void> OnContent(std::string_view bytes) = 0;
  };

  // `sink` outlives it.
  explicit Reader(Sink& sink, Limits limits = {}) : sink_(sink), limits_(limits) {}

  // The stream's next bytes. After an error nothing may follow.
  Result<void> Take(std::string_view bytes);
  // kInvalidArgument: the stream has ended too soon.
  [[nodiscard]] Result<void> Finish() const;

 private:
  Result<void> TakeHeader();
  Result<void> TakeContent(std::string_view bytes);
  Result<void> Begin(Entry entry);

  Sink& sink_;
  const Limits limits_;
  std::string block_;          // what has come of a header
  std::string long_name_;      // of the next entry
  bool in_long_name_ = false;  // the content is that
  std::size_t blanks_ = 0;     // blocks of zeros: it has ended
  std::uint64_t left_ = 0;     // of the content
  std::uint64_t padding_ = 0;  // after it
  std::uint64_t entries_ = 0;
  std::uint64_t content_ = 0;
};

}  // namespace strata::tar
