#include "cell/modules.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/files/files.h"
#include "sandbox/remote/service.h"

namespace strata::cell {

namespace {

bool IsSocket(const Fd& fd) {
  struct stat status{};
  return ::fstat(fd.get(), &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

void ModuleStore::Add(std::string key, Fd code) {
  entries_.try_emplace(std::move(key), Entry{std::move(code), {}});
}

void ModuleStore::KeepOnly(const std::set<std::string, std::less<>>& keys) {
  std::erase_if(entries_, [&keys](const auto& entry) { return !keys.contains(entry.first); });
}

sandbox::Driver& ModuleStore::DriverFor(std::string_view key, const Fd& code) const {
  if (!IsSocket(code)) return driver_;
  return key.starts_with(sandbox::remote::kServiceKey) ? service_ : remote_;
}

Result<std::shared_ptr<sandbox::Image>> ModuleStore::Load(const std::string& module) {
  const auto found = entries_.find(module);
  if (found == entries_.end()) {
    return Fail(Errc::kNotFound, "the module " + module + " was not passed in");
  }
  Entry& entry = found->second;
  if (auto image = entry.image.lock()) return image;
  auto code = DuplicateFd(entry.code);
  if (!code) return std::unexpected(std::move(code).error());
  auto image = DriverFor(module, *code).Prepare(std::move(*code));
  if (image) entry.image = *image;
  return image;
}

bool ModuleStore::IsLoaded(std::string_view key) const {
  const auto found = entries_.find(key);
  return found != entries_.end() && !found->second.image.expired();
}

std::vector<std::string> ModuleStore::Keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, entry] : entries_) keys.push_back(key);
  return keys;
}

std::size_t ModuleStore::loaded() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& e) { return !e.second.image.expired(); }));
}

}  // namespace strata::cell
