// Creating addressable sandboxes. A commit waits for the disk, so what is asked for while one lasts
// shares the next one: however many clients there are, one write makes all their sandboxes durable.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "base/async/promise.h"
#include "base/async/task.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/text/json.h"
#include "manager/cells/together.h"
#include "manager/manager_impl.h"
#include "store/store.h"

namespace strata::manager {
namespace {

constexpr std::uint32_t kMostOfOne = 10'000;
constexpr std::size_t kMostInBatch = 10'000;  // sandboxes, unless one creation alone has more
constexpr std::chrono::minutes kPatience{5};  // behind changes that take long

}  // namespace

struct ManagerImpl::Creation {
  Creation(Loop& loop, std::string_view of, std::string_view name, std::uint32_t number)
      : tenant(of), function(name), count(number), made(loop) {}

  const std::string tenant;
  const std::string function;
  const std::uint32_t count;
  std::uint32_t index = 0;  // of the function in the cells' configuration
  std::vector<store::SandboxRecord> records;
  Promise<Json> made;
};

Task<Json> ManagerImpl::CreateSandboxes(std::string_view tenant, std::string_view function,
                                        std::uint32_t count) {
  if (count == 0 || count > kMostOfOne) {
    co_return Fail(Errc::kInvalidArgument, "count must be 1 to " + std::to_string(kMostOfOne));
  }
  // Shared: whoever makes it must not depend on the client that waits for it.
  auto creation = std::make_shared<Creation>(loop_, tenant, function, count);
  creations_.push_back(creation);
  if (!std::exchange(creating_, true)) Spawn(loop_, MakeWaiting());
  co_return co_await creation->made.Wait(kPatience);
}

Awaitable<void> ManagerImpl::MakeWaiting() {
  while (!creations_.empty()) {
    auto turn = co_await changes_.Take();
    // Requests that came in the same round of the loop are read first.
    co_await asio::post(loop_, kAwait);
    std::size_t sandboxes = 0;
    std::size_t taken = 0;
    while (taken < creations_.size()) {
      sandboxes += creations_[taken]->count;
      if (taken > 0 && sandboxes > kMostInBatch) break;
      ++taken;
    }
    const auto end = creations_.begin() + static_cast<std::ptrdiff_t>(taken);
    const Creations batch(creations_.begin(), end);
    creations_.erase(creations_.begin(), end);
    auto done = turn ? Result<void>() : std::unexpected(turn.error());
    if (done) done = co_await MakeTogether(batch);
    if (done) continue;
    for (const auto& each : batch) each->made.Set(std::unexpected(done.error()));
  }
  creating_ = false;
}

// One that cannot be is told so and takes none of the others with it. A failure is one of them all.
Task<void> ManagerImpl::MakeTogether(const Creations& batch) {
  std::vector<store::SandboxRecord> records;
  Creations planned;
  for (const auto& each : batch) {
    if (auto can = Plan(*each); !can) {
      each->made.Set(std::unexpected(can.error()));
      continue;
    }
    records.insert(records.end(), each->records.begin(), each->records.end());
    planned.push_back(each);
  }
  if (planned.empty()) co_return Result<void>{};
  if (auto kept = store_->PutSandboxes(records); !kept) co_return kept;
  std::vector<Task<void>> making;
  making.reserve(planned.size());
  for (const auto& each : planned) making.push_back(MakeAll(each));
  co_return co_await Together(loop_, std::move(making));
}

Result<void> ManagerImpl::Plan(Creation& creation) {
  const auto& [space, name] = std::tie(creation.tenant, creation.function);
  if (auto known = RequireFunction(space, name); !known) return known;
  creation.index = current_[space][name].index;
  const auto now = forms_.Now(space, name);
  if (!now) return std::unexpected(now.error());
  if (!*now) return Fail(Errc::kNotFound, "no revision of " + space + "/" + name);
  const model::Revision& revision = **now;
  for (std::uint32_t i = 0; i < creation.count; ++i) {
    store::SandboxRecord record;
    record.id = NewId(clock_, random_);
    record.tenant = space;
    record.function = name;
    record.revision = revision.number;
    record.artifact_digest = revision.artifact_digest;
    record.workload = revision.workload;
    record.created = clock_.WallNow();
    creation.records.push_back(std::move(record));
  }
  return {};
}

// All of them, or none; which, its promise is told.
Task<void> ManagerImpl::MakeAll(std::shared_ptr<Creation> creation) {
  Json made = Json::array();
  for (const store::SandboxRecord& record : creation->records) {
    Result<void> done = Fail(Errc::kUnavailable, "no cell of this tenant runs; try again");
    if (auto cell = fleet_.Pick(record.tenant)) {
      done = co_await cell->CreateSandbox(record.id, creation->index);
    }
    if (!done) {
      std::vector<std::string> ids;
      for (const store::SandboxRecord& each : creation->records) {
        if (auto cell = fleet_.FindSandbox(each.tenant, each.id)) {
          (void)co_await cell->DeleteSandbox(each.id);
        }
        sandboxes_.erase(each.id);
        ids.push_back(each.id);
      }
      (void)store_->DeleteSandboxes(ids);
      creation->made.Set(Wrap(done.error(), "sandbox " + record.id));
      co_return Result<void>{};
    }
    sandboxes_.emplace(record.id, record);
    made.push_back(ToJson(record));
  }
  creation->made.Set(Json{{"sandboxes", std::move(made)}});
  co_return Result<void>{};
}

}  // namespace strata::manager
