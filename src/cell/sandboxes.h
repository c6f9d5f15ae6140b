// cell/sandboxes.h - the addressable sandboxes of a cell: made by name, called by name, kept
// between calls until deleted or until a limit or trap ends them.
//
//   CreateSandbox, DeleteSandbox (wire) --> [ Sandboxes ] <--Find, AfterCall-- private_handler.h
//
// Each serves one call at a time; others wait for it until their deadline. One that has ended is
// not made again: its memory is what it was kept for.
//
// Threads:  one loop. Lifetime: loop and line sink outlive it; a call that has Found keeps its
//           sandbox.
// Errors:   as each says. Tested by cell_test.cc.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/task.h"
#include "route/instances.h"
#include "route/plan/function.h"

namespace strata::cell {

class Sandboxes {
 public:
  // One of them, as a call needs it.
  struct Found {
    std::shared_ptr<route::Function> function;
    std::shared_ptr<route::InstanceSet> set;
  };
  // Told when a sandbox ended by itself: its id and why.
  using OnGone = std::function<void(const std::string& id, const std::string& reason)>;

  Sandboxes(Loop& loop, route::LineSink& lines, OnGone on_gone)
      : loop_(loop), lines_(lines), on_gone_(std::move(on_gone)) {}

  // Makes one with all grants of `function`. kFailedPrecondition: the id is taken; else as
  // Function::Create.
  Result<void> Create(const std::string& id, std::shared_ptr<route::Function> function);

  // Ends it, also in the middle of a call. kNotFound.
  Result<void> Delete(std::string_view id);

  // kNotFound: there is none, or none any more.
  Result<Found> Find(std::string_view id) const;

  // To be called after each call on `id`: forgets it when the call was its last.
  void AfterCall(const std::string& id);

  [[nodiscard]] std::vector<std::string> Ids() const;
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::shared_ptr<route::Function> function;
    std::shared_ptr<route::InstanceSet> set;  // of one, which is never replaced
    route::Instance* instance;                // valid while the set is not empty
  };
  Loop& loop_;
  route::LineSink& lines_;
  OnGone on_gone_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace strata::cell
