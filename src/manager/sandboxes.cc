// Addressable sandboxes: durable before the answer, held by one cell, lost with it. How they are
// made: create_sandboxes.cc; ended: cells/sandbox_ends.h.

#include <utility>

#include "base/timestamp.h"
#include "manager/manager_impl.h"

namespace strata::manager {
Json ManagerImpl::ToJson(const store::SandboxRecord& record) {
  const auto cell = fleet_.FindSandbox(record.tenant, record.id);
  Json json{{"id", record.id},
            {"namespace", record.tenant},
            {"function", record.function},
            {"revision", record.revision},
            {"created", Rfc3339(record.created)},
            {"state", cell ? "running" : "lost"}};
  if (cell) json["cell"] = cell->name();
  return json;
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
  const auto found = sandboxes_.find(std::string(id));
  if (found == sandboxes_.end()) {
    co_return Fail(Errc::kNotFound, "no sandbox " + std::string(id));
  }
  auto cell = fleet_.FindSandbox(found->second.tenant, found->first);
  if (!cell) {
    co_return Fail(
        Errc::kFailedPrecondition,
        "sandbox " + std::string(id) +
            " is lost: it was ended by a limit, a trap or its deadline, or its cell died; delete "
            "it and make a new one");
  }
  co_return cell->ConnectPrivate();
}

}  // namespace strata::manager
