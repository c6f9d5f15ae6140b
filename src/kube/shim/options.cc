#include "kube/shim/options.h"

#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/files/files.h"
#include "types/runtimeoptions/v1/api.pb.h"

namespace strata::kube::shim {
namespace {

constexpr std::string_view kOptionsType = "runtimeoptions.v1.Options";
constexpr Bytes kOptionsFile = 64_KiB;
constexpr std::string_view kBlank = " \t\r";

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// A string of TOML without escapes, then at most a comment.
std::optional<std::string_view> Quoted(std::string_view text) {
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return std::nullopt;
  const std::size_t end = text.find(text.front(), 1);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view rest = Trim(text.substr(end + 1));
  if (!rest.empty() && rest.front() != '#') return std::nullopt;
  return text.substr(1, end - 1);
}

// Whether there is such a key, with such a value.
bool Take(std::string_view key, std::string_view value, RuntimeOptions& options) {
  if (key == "class") {
    options.sandbox_class = PodClassFromName(value);
    return options.sandbox_class.has_value();
  }
  if (key != "shim_per" || (value != "node" && value != "namespace")) return false;
  options.shim_per = value == "node" ? ShimPer::kNode : ShimPer::kNamespace;
  return true;
}

}  // namespace

std::optional<model::Class> PodClassFromName(std::string_view name) noexcept {
  const auto found = model::ClassFromName(name);
  return found == model::Class::kContainerInMicrovm ? std::nullopt : found;
}

Result<RuntimeOptions> ParseOptions(std::string_view toml) {
  RuntimeOptions options;
  std::set<std::string_view> seen;
  while (!toml.empty()) {
    const std::size_t end = toml.find('\n');
    const std::string_view line = Trim(toml.substr(0, end));
    toml.remove_prefix(end == std::string_view::npos ? toml.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    const std::string_view key = Trim(line.substr(0, equals));
    const auto value =
        equals == std::string_view::npos ? std::nullopt : Quoted(Trim(line.substr(equals + 1)));
    if (!value || !seen.insert(key).second || !Take(key, *value, options)) {
      return Fail(Errc::kInvalidArgument, "runtime options: '" + std::string(line) +
                                              "': there are, once each, class = \"...\" (one of " +
                                              std::string(kPodClasses) +
                                              ") and shim_per = \"node\" or \"namespace\"");
    }
  }
  return options;
}

bool AreOptions(const google::protobuf::Any& options) {
  return options.type_url().ends_with(kOptionsType);
}

Result<RuntimeOptions> ReadOptions(const google::protobuf::Any& options) {
  if (!AreOptions(options)) return RuntimeOptions{};
  runtimeoptions::v1::Options said;
  if (!said.ParseFromString(options.value())) {
    return Fail(Errc::kInvalidArgument, "runtime options: not their message");
  }
  if (said.config_path().empty()) return ParseOptions(said.config_body());
  const auto text = ReadFile(said.config_path(), kOptionsFile);
  if (!text) return Wrap(text.error(), "runtime options");
  return ParseOptions(*text);
}

}  // namespace strata::kube::shim
