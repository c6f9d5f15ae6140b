#include "cell/sandboxes.h"

#include <utility>

namespace strata::cell {

Result<void> Sandboxes::Create(const std::string& id, std::shared_ptr<route::Function> function) {
  if (entries_.contains(id)) {
    return Fail(Errc::kFailedPrecondition, "the sandbox " + id + " exists already");
  }
  auto instance = std::make_unique<route::Instance>(lines_, id);
  if (auto made = function->Create(*instance, function->grants()); !made) return made;
  route::Instance* const kept = instance.get();
  auto set = std::make_shared<route::InstanceSet>(loop_, 1);
  set->Add(std::move(instance));
  entries_.emplace(id, Entry{std::move(function), std::move(set), kept});
  return {};
}

Result<void> Sandboxes::Delete(std::string_view id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) {
    return Fail(Errc::kNotFound, "there is no sandbox " + std::string(id));
  }
  // A running call holds the set; it ends now and finds its sandbox gone.
  if (found->second.set->size() > 0) found->second.instance->sandbox->Stop();
  entries_.erase(found);
  return {};
}

Result<Sandboxes::Found> Sandboxes::Find(std::string_view id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end()) {
    return Fail(Errc::kNotFound, "there is no sandbox " + std::string(id));
  }
  return Found{found->second.function, found->second.set};
}

void Sandboxes::AfterCall(const std::string& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.set->size() > 0) return;
  entries_.erase(found);
  on_gone_(id, "ended by a limit, a trap or its deadline");
}

std::vector<std::string> Sandboxes::Ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) ids.push_back(id);
  return ids;
}

}  // namespace strata::cell
