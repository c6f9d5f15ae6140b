// What was learned of revisions in classes: opaque bytes that go with their revision.
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/text/byte_view.h"
#include "store/sqlite.h"
#include "store/state.h"
#include "store/store.h"

namespace strata::store {

Result<void> Store::PutModels(std::span<const ModelRecord> records) {
  auto transaction = Transaction::Begin(*state_->database);
  if (!transaction) return std::unexpected(std::move(transaction).error());
  for (const ModelRecord& each : records) {
    auto put = state_->database->Run(
        "INSERT OR REPLACE INTO models SELECT tenant, name, number, ?, ? FROM revisions"
        " WHERE tenant = ? AND name = ? AND number = ?",
        std::string_view(each.sandbox_class), AsBytes(each.bytes), std::string_view(each.tenant),
        std::string_view(each.name), each.revision);
    if (!put) return put;
  }
  return transaction->Commit();
}

Result<std::vector<ModelRecord>> Store::Models() {
  auto query = state_->database->Prepare(
      "SELECT m.tenant, m.name, m.revision, m.class, r.artifact_digest, m.body FROM models m"
      " JOIN revisions r ON (r.tenant, r.name, r.number) = (m.tenant, m.name, m.revision)");
  if (!query) return std::unexpected(std::move(query).error());
  std::vector<ModelRecord> records;
  for (;;) {
    auto row = query->Step();
    if (!row) return std::unexpected(std::move(row).error());
    if (!*row) return records;
    records.push_back({.tenant = query->Text(0),
                       .name = query->Text(1),
                       .revision = query->Unsigned(2),
                       .sandbox_class = query->Text(3),
                       .artifact_digest = query->Text(4),
                       .bytes = query->Blob(5)});
  }
}

Result<std::string> Store::ArtifactOf(std::string_view tenant, std::string_view name,
                                      std::uint64_t revision) {
  auto query = state_->database->Prepare(
      "SELECT artifact_digest FROM revisions WHERE tenant = ? AND name = ? AND number = ?", tenant,
      name, revision);
  if (!query) return std::unexpected(std::move(query).error());
  auto row = query->Step();
  if (!row) return std::unexpected(std::move(row).error());
  if (*row) return query->Text(0);
  return Fail(Errc::kNotFound, "there is no revision " + std::to_string(revision) + " of " +
                                   std::string(tenant) + "/" + std::string(name));
}

}  // namespace strata::store
