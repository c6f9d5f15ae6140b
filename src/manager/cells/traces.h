// manager/cells/traces.h - what a process of ours that starts has on the host, until it runs.
//
//   CellProcess::Start, KeeperProcess::Start --> [ Traces ] --> journal
//
// Noted before the first of it is made, so that a later manager finds it after kill -9, and removed
// again when the start fails on its way. Once the process runs, its end removes it.
//
// Threads: one loop. Lifetime: the context outlives it; a process that it is to outlive is declared
// after it. Tested by tests/integration/manager.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "manager/cells/cell_process.h"

namespace strata::manager {

class Traces {
 public:
  // Removes all that `name` may have on the host, and its note.
  using RemoveFn = void (*)(CellContext& context, const std::string& name);

  static Result<Traces> Note(CellContext& context, std::string_view kind, const std::string& name,
                             RemoveFn remove) {
    if (auto noted = context.journal.Made({std::string(kind), name, {}}); !noted) {
      return std::unexpected(std::move(noted).error());
    }
    return Traces(context, kind, name, remove);
  }
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
  Traces(CellContext& context, std::string_view kind, const std::string& name, RemoveFn remove)
      : context_(&context), kind_(kind), name_(name), remove_(remove) {}

  CellContext* context_;
  std::string kind_;
  std::string name_;
  RemoveFn remove_;
};

}  // namespace strata::manager
