// host/files/journal.h - what we made on this host and have not removed yet, on disk before it
// exists.
//
// An append-only file of lines, each "<16 hex digits of its SHA-256> <JSON>\n", fsynced one by one.
// Written before an object is made ("made") and after it is gone ("gone"), so a later manager finds
// every leftover after kill -9 or a power cut. A last line without its newline is a write that
// never finished and is dropped; damage anywhere else is refused, because silence would mean leaked
// processes. It is rewritten with what is living alone when it is opened, and whenever it has grown
// long.
//
// Threads: one at a time. Lifetime: the file is locked while the Journal lives. Blocks on fsync.
// Tested by host/files/journal_test.cc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/files/fd.h"
#include "base/result.h"
#include "host/process/process.h"

namespace strata::host {

// One object of ours on this host. `kind` and `id` together are unique among the living.
struct HostObject {
  std::string kind;   // "cell", "socket", "cgroup", ...
  std::string id;     // within its kind: a cell's name, a path, ...
  ProcessId process;  // pid 0: the object is no process, or was not started yet
  friend bool operator==(const HostObject&, const HostObject&) = default;
};

class Journal {
 public:
  // Reads `path` (made when missing) and rewrites it with the living objects only; goes on with the
  // file as it is when the disk is full. Room for some hundred lines is reserved.
  // kFailedPrecondition: another process holds it; kInvalidArgument: damaged, the message names
  // the line and what to do.
  static Result<Journal> Open(const std::filesystem::path& path);

  // Records `object` durably. The same kind and id again replaces the entry (a cell gets its pid).
  Result<void> Made(const HostObject& object);

  // Records durably that it is gone. Of an unknown object: succeeds and writes nothing.
  Result<void> Gone(const std::string& kind, const std::string& id);

  [[nodiscard]] bool Names(const std::string& kind, const std::string& id) const {
    return living_.contains({kind, id});
  }
  // Everything made and not gone, sorted by kind and id.
  [[nodiscard]] std::vector<HostObject> living() const;

 private:
  using Key = std::pair<std::string, std::string>;
  using Living = std::map<Key, HostObject>;
  Journal(std::filesystem::path path, Fd lock, Fd file, Living living);
  static std::string Compact(const Living& living);
  Result<void> Append(const std::string& line);
  void CompactIfLong();

  std::filesystem::path path_;
  Fd lock_;
  Fd file_;
  Living living_;
  off_t compacted_ = 0;  // how long it was when it had been rewritten last
  bool reopen_ = false;  // it was rewritten, and could not be opened since
};

}  // namespace strata::host
