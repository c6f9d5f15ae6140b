#include "manager/cells/sandbox_ends.h"

#include <chrono>
#include <expected>
#include <utility>
#include <variant>

#include <boost/asio/post.hpp>

#include "base/async/promise.h"
#include "base/result.h"

namespace strata::manager {
namespace {

constexpr std::chrono::minutes kPatience{1};  // with a disk that is slow

}  // namespace

struct SandboxEnds::Ending {
  Ending(Loop& loop, std::string_view of) : id(of), ended(loop) {}

  const std::string id;
  std::string tenant;  // once its record is gone
  Promise<std::monostate> ended;
};

Task<void> SandboxEnds::End(std::string_view id) {
  // One that is being made has a record already, and keeps it: its cell holds it in a moment.
  if (!sandboxes_.contains(std::string(id))) {
    co_return Fail(Errc::kNotFound, "no sandbox " + std::string(id));
  }
  // Shared: its cell is told also when the client that waits for it has left.
  auto ending = std::make_shared<Ending>(loop_, id);
  waiting_.push_back(ending);
  if (!std::exchange(working_, true)) Spawn(loop_, EndWaiting());
  auto ended = co_await ending->ended.Wait(kPatience);
  if (!ended) co_return std::unexpected(ended.error());
  co_return Result<void>{};
}

Awaitable<void> SandboxEnds::EndWaiting() {
  while (!waiting_.empty()) {
    // Requests that came in the same round of the loop are read first.
    co_await asio::post(loop_, kAwait);
    const Endings batch = std::exchange(waiting_, {});
    std::vector<std::string> ids;
    for (const auto& each : batch) ids.push_back(each->id);
    // A manager that dies in between finds a sandbox without a record, and ends it.
    const auto gone = store_.DeleteSandboxes(ids);
    for (const auto& each : batch) {
      const auto record = sandboxes_.find(each->id);
      if (!gone) {
        each->ended.Set(std::unexpected(gone.error()));
      } else if (record == sandboxes_.end()) {
        each->ended.Set(Fail(Errc::kNotFound, "no sandbox " + each->id));
      } else {
        each->tenant = record->second.tenant;
        sandboxes_.erase(record);
        Spawn(loop_, EndInCell(each));
      }
    }
  }
  working_ = false;
}

Awaitable<void> SandboxEnds::EndInCell(std::shared_ptr<Ending> ending) {
  Result<void> told;
  if (auto cell = fleet_.FindSandbox(ending->tenant, ending->id)) {
    told = co_await cell->DeleteSandbox(ending->id);
  }
  if (told) {
    ending->ended.Set(std::monostate{});
  } else {
    ending->ended.Set(std::unexpected(told.error()));
  }
}

}  // namespace strata::manager
