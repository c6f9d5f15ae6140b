// manager/progress.h - the callback of an Apply: reports its progress to who waits for it, and
// tells the manager that nobody does any more.
//
//   Manager::Apply --Report--> [ Progress ] --> api --> strata apply
//
// Threads: the manager's loop; no call waits. Lifetime: outlives the Apply that it was given to.
// Tested by tests/e2e/progress_test.py.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace strata::manager {

// A piece of work under way.
struct Step {
  enum class What : std::uint8_t {
    kPulling,    // from a registry or an archive
    kUnpacking,  // layer `item` of `items`
    kCompiling,
    kPreparing,  // in a keeper: a virtual machine is booted once
    kStarting,   // a server, until it can be reached
  };
  What what = What::kPulling;
  std::string resource;     // "Function default/hello"
  std::string subject;      // an artifact's reference or a digest
  std::uint32_t item = 0;   // counts from 1; 0: not counted
  std::uint32_t items = 0;  // 0: not known
  std::uint64_t bytes = 0;  // done so far
  std::uint64_t total = 0;  // 0: not known
};
std::string_view StepName(Step::What what) noexcept;  // "pulling", "unpacking", ...

class Progress {
 public:
  virtual ~Progress() = default;
  virtual void Report(const Step& step) = 0;

  // Nobody waits for the Apply. One that has changed nothing yet then ends with kUnavailable.
  [[nodiscard]] virtual bool abandoned() const = 0;
};

// Nobody hears of it, and it is not given up: what the manager prepares by itself.
class Quiet final : public Progress {
 public:
  void Report(const Step& /*step*/) override {}
  [[nodiscard]] bool abandoned() const override { return false; }
};

}  // namespace strata::manager
