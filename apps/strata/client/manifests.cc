#include "client/manifests.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "base/files/files.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

constexpr Bytes kManifestLimit = 4_MiB;

bool IsManifest(const fs::path& path) {
  // JSON files lie about for many reasons: they are read only when they are named.
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

Json FileJson(const std::string& name, const fs::path& folder, std::string text) {
  return Json{{"name", name}, {"dir", folder.string()}, {"text", std::move(text)}};
}

Result<std::string> ReadStdin() {
  std::string text;
  std::array<char, 65'536> piece;
  while (std::cin.read(piece.data(), piece.size()) || std::cin.gcount() > 0) {
    text.append(piece.data(), static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > kManifestLimit.count) {
      return Fail(Errc::kInvalidArgument, "standard input is longer than 4 MiB");
    }
  }
  return text;
}

Result<void> AddFile(const fs::path& path, Json& files) {
  auto text = ReadFile(path, kManifestLimit);
  if (!text) {
    if (text.error().code == Errc::kResourceExhausted) {
      return Fail(Errc::kInvalidArgument, path.string() + ": a manifest is at most 4 MiB");
    }
    return std::unexpected(text.error());
  }
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  if (error) return FailErrno(path.string(), error.value());
  files.push_back(FileJson(path.string(), absolute.parent_path(), std::move(*text)));
  return {};
}

Result<void> AddFolder(const fs::path& folder, Json& files) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file() && IsManifest(at->path())) found.push_back(at->path());
  }
  if (error) return FailErrno("read " + folder.string(), error.value());
  std::sort(found.begin(), found.end());
  for (const fs::path& path : found) {
    if (auto added = AddFile(path, files); !added) return added;
  }
  return {};
}

}  // namespace

Result<Json> ReadManifestFiles(const std::vector<std::string>& paths) {
  Json files = Json::array();
  for (const std::string& path : paths) {
    Result<void> added;
    if (path == "-") {
      auto text = ReadStdin();
      if (!text) return std::unexpected(text.error());
      files.push_back(FileJson("standard input", fs::current_path(), std::move(*text)));
    } else if (fs::is_directory(path)) {
      added = AddFolder(path, files);
    } else {
      added = AddFile(path, files);
    }
    if (!added) return std::unexpected(added.error());
  }
  if (files.empty()) return Fail(Errc::kInvalidArgument, "no manifest (*.yaml, *.yml) there");
  return files;
}

}  // namespace strata::cli
