// manager/cells/traces.h - what cells and keepers have on the host from before they run until after
// they have ended.
//
//   CellProcess::Start, KeeperProcess::Start --> [ Traces ]   --> journal
//   Fleet::Down, Keepers::Down               --> [ EndNoted ] --> journal
//
// Noted before the first of it is made, so that a later manager finds it after kill -9, and removed
// again when the start fails on its way. Once the process runs, whoever watches it removes it.
//
// Threads: one loop. Lifetime: the context outlives it; a process that it is to outlive is declared
// after it. Tested by tests/integration/manager.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/async/task.h"
#include "manager/cells/cell_process.h"

namespace strata::manager {

// Removes all that `name` may have on the host, and its note.
using RemoveTracesFn = void (*)(CellContext& context, const std::string& name);

class Traces {
 public:
  // kFailedPrecondition: there is one of that name, which keeps its own.
  static Result<Traces> Note(CellContext& context, std::string_view kind, const std::string& name,
                             RemoveTracesFn remove);
  Traces(Traces&& other) noexcept
      : context_(std::exchange(other.context_, nullptr)),
        kind_(std::move(other.kind_)),
        name_(std::move(other.name_)),
        remove_(other.remove_) {}
  Traces& operator=(Traces&&) = delete;
  ~Traces() {
    if (context_ != nullptr) remove_(*context_, name_);
  }

  Result<void> NoteProcess(const host::ProcessId& process) {
    return context_->journal.Made({kind_, name_, process});
  }
  // From now on the end of the process removes them.
  void Leave() noexcept { context_ = nullptr; }

 private:
  Traces(CellContext& context, std::string_view kind, const std::string& name,
         RemoveTracesFn remove)
      : context_(&context), kind_(kind), name_(name), remove_(remove) {}

  CellContext* context_;
  std::string kind_;
  std::string name_;
  RemoveTracesFn remove_;
};

// `<prefix>-<second>-<number>`, which none in the journal has. The time makes it new also after a
// restart of the manager.
std::string NewName(const CellContext& context, std::string_view kind, const std::string& prefix,
                    std::uint64_t& next);

// Waits until nothing of `kind` is noted any more: those that finish have `patience` and are killed
// then. Nothing may be starting. kDeadlineExceeded: some had to be killed, or resist, which the
// message names: they stay noted, for the next manager.
Task<void> EndNoted(CellContext& context, std::string_view kind, RemoveTracesFn remove,
                    std::chrono::milliseconds patience);

}  // namespace strata::manager
