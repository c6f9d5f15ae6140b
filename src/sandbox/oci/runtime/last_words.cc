#include "sandbox/oci/runtime/last_words.h"

#include <string_view>

#include "base/bytes.h"
#include "base/files/files.h"
#include "base/text/json.h"

namespace strata::sandbox::oci {
namespace {

constexpr Bytes kMaxLog = 64_KiB;

}  // namespace

std::optional<std::string> LastWords(const std::filesystem::path& log) {
  const auto text = ReadFile(log, kMaxLog);
  if (!text || text->empty()) return std::nullopt;
  std::string_view lines = *text;
  while (lines.ends_with('\n')) lines.remove_suffix(1);
  const auto last = ParseJson(lines.substr(lines.rfind('\n') + 1));
  const bool plain = !last || !last->is_object() || !last->contains("msg");
  return plain ? std::string(lines) : DumpJson((*last)["msg"]);
}

}  // namespace strata::sandbox::oci
