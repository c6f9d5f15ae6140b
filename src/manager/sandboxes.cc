// Addressable sandboxes: durable before the answer, held by one cell, lost with it.

#include <utility>

#include "base/ids.h"
#include "manager/manager_impl.h"
#include "manager/timestamp.h"

namespace strata::manager {
namespace {

constexpr std::uint32_t kMostAtOnce = 10'000;

}  // namespace

Json ManagerImpl::ToJson(const store::SandboxRecord& record) {
  const auto cell = fleet_.FindSandbox(record.id);
  Json json{{"id", record.id},
            {"namespace", record.tenant},
            {"function", record.function},
            {"revision", record.revision},
            {"created", Rfc3339(record.created)},
            {"state", cell ? "running" : "lost"}};
  if (cell) json["cell"] = cell->name();
  return json;
}

Task<Json> ManagerImpl::CreateSandboxes(std::string_view tenant, std::string_view function,
                                        std::uint32_t count) {
  if (count == 0 || count > kMostAtOnce) {
    co_return Fail(Errc::kInvalidArgument, "count must be 1 to " + std::to_string(kMostAtOnce));
  }
  const std::string space(tenant);
  const std::string name(function);
  auto turn = co_await changes_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  if (auto known = RequireFunction(space, name); !known) co_return std::unexpected(known.error());
  const std::uint32_t index = indices_[space][name];
  auto revisions = store_->Revisions(space, name);
  if (!revisions) co_return std::unexpected(revisions.error());
  if (revisions->empty()) co_return Fail(Errc::kNotFound, "no revision of " + space + "/" + name);

  std::vector<store::SandboxRecord> records;
  for (std::uint32_t i = 0; i < count; ++i) {
    store::SandboxRecord record;
    record.id = NewId(clock_, random_);
    record.tenant = space;
    record.function = name;
    record.revision = revisions->front().number;
    record.artifact_digest = revisions->front().artifact_digest;
    record.workload = revisions->front().workload;
    record.created = clock_.WallNow();
    records.push_back(std::move(record));
  }
  if (auto kept = store_->PutSandboxes(records); !kept) co_return std::unexpected(kept.error());
  Json made = Json::array();
  for (store::SandboxRecord& record : records) {
    const std::string id = record.id;
    auto done = co_await MakeSandbox(record, index);
    if (!done) {
      std::vector<std::string> all;
      for (const store::SandboxRecord& each : records) all.push_back(each.id);
      for (const std::string& each : all) {
        if (auto cell = fleet_.FindSandbox(each)) (void)co_await cell->DeleteSandbox(each);
        (void)store_->DeleteSandbox(each);
        sandboxes_.erase(each);
      }
      co_return Wrap(done.error(), "sandbox " + id);
    }
    sandboxes_.emplace(id, record);
    made.push_back(ToJson(record));
  }
  co_return Json{{"sandboxes", std::move(made)}};
}

Task<void> ManagerImpl::MakeSandbox(const store::SandboxRecord& record, std::uint32_t index) {
  auto cell = fleet_.Pick(record.tenant);
  if (!cell) co_return Fail(Errc::kUnavailable, "no cell of this tenant runs; try again");
  co_return co_await cell->CreateSandbox(record.id, index);
}

Result<Json> ManagerImpl::ListSandboxes() {
  Json list = Json::array();
  for (const auto& [id, record] : sandboxes_) list.push_back(ToJson(record));
  return Json{{"sandboxes", std::move(list)}};
}

Result<Json> ManagerImpl::GetSandbox(std::string_view id) {
  const auto found = sandboxes_.find(std::string(id));
  if (found == sandboxes_.end()) {
    return Fail(Errc::kNotFound, "no sandbox " + std::string(id));
  }
  return ToJson(found->second);
}

Task<Fd> ManagerImpl::ConnectSandbox(std::string_view id) {
  if (!sandboxes_.contains(std::string(id))) {
    co_return Fail(Errc::kNotFound, "no sandbox " + std::string(id));
  }
  auto cell = fleet_.FindSandbox(id);
  if (!cell) {
    co_return Fail(
        Errc::kFailedPrecondition,
        "sandbox " + std::string(id) +
            " is lost: it was ended by a limit, a trap or its deadline, or its cell died; delete "
            "it and make a new one");
  }
  co_return cell->ConnectPrivate();
}

Task<void> ManagerImpl::DeleteSandbox(std::string_view id) {
  const std::string name(id);
  if (!sandboxes_.contains(name)) co_return Fail(Errc::kNotFound, "no sandbox " + name);
  // First on disk: a manager that dies in between finds a sandbox without a record and ends it.
  if (auto gone = store_->DeleteSandbox(name); !gone) co_return std::unexpected(gone.error());
  sandboxes_.erase(name);
  if (auto cell = fleet_.FindSandbox(name)) co_return co_await cell->DeleteSandbox(name);
  co_return Result<void>{};
}

}  // namespace strata::manager
