#include "kube/shim/task/task_class.h"

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "base/files/files.h"
#include "kube/shim/config_json.h"
#include "types/runtimeoptions/v1/api.pb.h"

namespace strata::kube::shim {
namespace {

constexpr std::string_view kOptionsType = "runtimeoptions.v1.Options";
constexpr const char* kAnnotation = "strata.dev/class";
constexpr Bytes kOptionsFile = 64_KiB;
constexpr std::string_view kBlank = " \t\r";

std::optional<TaskClass> ClassOf(std::string_view name) {
  if (name == "container") return TaskClass::kContainer;
  if (name == "wasm") return TaskClass::kWasm;
  if (name == "appkernel") return TaskClass::kAppkernel;
  if (name == "microvm") return TaskClass::kMicrovm;
  return std::nullopt;
}

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

// The class that one line names.
std::optional<TaskClass> ReadLine(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos || Trim(line.substr(0, equals)) != "class") return {};
  const auto name = Quoted(Trim(line.substr(equals + 1)));
  return name ? ClassOf(*name) : std::nullopt;
}

Result<std::optional<TaskClass>> ReadOptions(const google::protobuf::Any& any) {
  if (!any.type_url().ends_with(kOptionsType)) return std::nullopt;
  runtimeoptions::v1::Options options;
  if (!options.ParseFromString(any.value())) {
    return Fail(Errc::kInvalidArgument, "runtime options: not their message");
  }
  if (options.config_path().empty()) return ReadClassOption(options.config_body());
  const auto text = ReadFile(options.config_path(), kOptionsFile);
  if (!text) return Wrap(text.error(), "runtime options");
  return ReadClassOption(*text);
}

}  // namespace

Result<std::optional<TaskClass>> ReadClassOption(std::string_view toml) {
  std::optional<TaskClass> found;
  while (!toml.empty()) {
    const std::size_t end = toml.find('\n');
    const std::string_view line = Trim(toml.substr(0, end));
    toml.remove_prefix(end == std::string_view::npos ? toml.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    const auto named = ReadLine(line);
    if (!named || found) {
      return Fail(Errc::kInvalidArgument,
                  "runtime options: '" + std::string(line) +
                      "': there is one, class = \"container\", \"appkernel\", \"microvm\" or "
                      "\"wasm\"");
    }
    found = named;
  }
  return found;
}

Result<TaskClass> ChooseClass(const google::protobuf::Any& options, const Json& config) {
  const auto fixed = ReadOptions(options);
  if (!fixed) return std::unexpected(fixed.error());
  const std::string wish = AnnotationOf(config, kAnnotation);
  const auto wished = ClassOf(wish);
  if (!wish.empty() && !wished) {
    return Fail(Errc::kInvalidArgument, std::string(kAnnotation) + ": there is no class '" + wish +
                                            "' here, but container, appkernel, microvm and wasm");
  }
  if (*fixed && wished && **fixed != *wished) {
    return Fail(Errc::kPermissionDenied, std::string(kAnnotation) + ": '" + wish +
                                             "' is not the class of this pod's RuntimeClass");
  }
  if (*fixed) return **fixed;
  if (wished) return *wished;
  const auto arguments = ArgumentsOf(config);
  const bool wasm = !arguments.empty() && arguments.front().ends_with(".wasm");
  return wasm ? TaskClass::kWasm : TaskClass::kContainer;
}

}  // namespace strata::kube::shim
