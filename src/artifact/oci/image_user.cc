#include "artifact/oci/image_user.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "artifact/regular_file.h"
#include "base/text/byte_view.h"

namespace strata::artifact {
namespace {

constexpr Bytes kLargestDatabase = Bytes::MiB(1);

std::optional<std::uint32_t> Number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The file as the guest would see it: the topmost layer that has it.
std::string ReadTopmost(const std::vector<std::string>& lower, const std::string& path) {
  for (const std::string& layer : lower) {
    auto root = OpenFolder(layer);
    if (!root) continue;
    auto file = OpenBeneath(*root, path, layer);
    if (!file) continue;
    auto bytes = ReadRegular(*file, kLargestDatabase, path);
    return bytes ? std::string(AsText(*bytes)) : std::string();
  }
  return {};
}

std::vector<std::string_view> FieldsOf(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t colon = line.find(':');
    fields.push_back(line.substr(0, colon));
    if (colon == std::string_view::npos) return fields;
    line.remove_prefix(colon + 1);
  }
}

// The fields of the line that starts with `name`, or whose field 2 is `name`'s number.
std::vector<std::string_view> FindLine(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    auto fields = FieldsOf(line);
    if (fields.size() >= 3 && (fields[0] == name || fields[2] == name)) return fields;
  }
  return {};
}

std::unexpected<Error> Unknown(const char* what, const std::string& name) {
  return Fail(Errc::kInvalidArgument, std::string("the image's ") + what + " '" + name +
                                          "' is not in its /etc/" +
                                          (what == std::string_view("user") ? "passwd" : "group"));
}

}  // namespace

Result<UserIds> FindUser(const std::string& user, const std::vector<std::string>& lower) {
  UserIds ids;
  if (user.empty()) return ids;
  const std::size_t colon = user.find(':');
  const std::string name = user.substr(0, colon);
  const std::string passwd = ReadTopmost(lower, "etc/passwd");
  const auto line = FindLine(passwd, name);
  const auto uid = Number(line.empty() ? name : line[2]);
  if (!uid) return Unknown("user", name);
  ids.uid = *uid;
  if (line.size() >= 4) ids.gid = Number(line[3]).value_or(0);
  if (colon == std::string::npos) return ids;
  const std::string group = user.substr(colon + 1);
  const std::string groups = ReadTopmost(lower, "etc/group");
  const auto found = FindLine(groups, group);
  const auto gid = Number(found.empty() ? group : found[2]);
  if (!gid) return Unknown("group", group);
  ids.gid = *gid;
  return ids;
}

}  // namespace strata::artifact
