#include "artifact/store/root_image.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/text/json.h"

namespace strata::artifact {
namespace {

constexpr std::size_t kLongest = 1024 * 1024;

bool IsPlainPath(const std::string& path) {
  const std::filesystem::path parsed(path);
  return parsed.is_absolute() && parsed.lexically_normal() == parsed &&
         path.find('\0') == std::string::npos;
}

// Throws Json::exception when a field has the wrong type.
Result<void> SetField(RootImage& image, const std::string& name, const Json& value) {
  if (name == "lower") {
    value.get_to(image.lower);
  } else if (name == "args") {
    value.get_to(image.args);
  } else if (name == "env") {
    value.get_to(image.env);
  } else if (name == "cwd") {
    value.get_to(image.cwd);
  } else if (name == "uid") {
    value.get_to(image.uid);
  } else if (name == "gid") {
    value.get_to(image.gid);
  } else {
    return Fail(Errc::kInvalidArgument, "unknown field '" + name + "'");
  }
  return {};
}

Result<void> Check(const RootImage& image) {
  if (image.lower.empty()) return Fail(Errc::kInvalidArgument, "no root file system");
  if (image.args.empty() || image.args.front().empty()) {
    return Fail(Errc::kInvalidArgument, "nothing to run");
  }
  for (const std::string& layer : image.lower) {
    if (!IsPlainPath(layer) || layer.find_first_of(":,\\") != std::string::npos) {
      return Fail(Errc::kInvalidArgument, "layer '" + layer + "' is no path that can be mounted");
    }
  }
  const bool in_proc = image.cwd == "/proc" || image.cwd.starts_with("/proc/");
  if (!IsPlainPath(image.cwd) || in_proc) {
    return Fail(Errc::kInvalidArgument, "'" + image.cwd + "' is no working directory");
  }
  return {};
}

}  // namespace

Result<RootImage> ParseRootImage(std::string_view text) {
  auto json = ParseJson(text);
  if (!json) return Wrap(std::move(json).error(), "root image");
  if (!json->is_object()) return Fail(Errc::kInvalidArgument, "root image: no object");
  RootImage image;
  try {
    for (const auto& [name, value] : json->items()) {
      if (auto set = SetField(image, name, value); !set) {
        return Wrap(std::move(set).error(), "root image");
      }
    }
  } catch (const Json::exception& error) {
    return Fail(Errc::kInvalidArgument, std::string("root image: ") + error.what());
  }
  if (auto good = Check(image); !good) return Wrap(std::move(good).error(), "root image");
  return image;
}

std::string WriteRootImage(const RootImage& image) {
  return DumpJson({{"lower", image.lower},
                   {"args", image.args},
                   {"env", image.env},
                   {"cwd", image.cwd},
                   {"uid", image.uid},
                   {"gid", image.gid}});
}

Result<RootImage> ReadRootImage(const Fd& fd) {
  std::string text;
  std::array<char, 16384> part{};
  while (true) {
    const ssize_t got =
        ::pread(fd.get(), part.data(), part.size(), static_cast<off_t>(text.size()));
    if (got < 0) return FailErrno("read container image", errno);
    if (got == 0) break;
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > kLongest) return Fail(Errc::kInvalidArgument, "root image: too long");
  }
  return ParseRootImage(text);
}

}  // namespace strata::artifact
