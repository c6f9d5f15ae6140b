#include "measure/pss.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/files/files.h"
#include "base/text/strings.h"

namespace strata::measure {
namespace {

constexpr Bytes kMostText = 64_KiB;
constexpr std::string_view kPss = "\nPss:";

}  // namespace

Result<double> PssMib(pid_t pid) {
  auto text = ReadFile("/proc/" + std::to_string(pid) + "/smaps_rollup", kMostText);
  if (!text) return std::unexpected(std::move(text).error());
  const std::size_t at = text->find(kPss);
  if (at == std::string::npos) return Fail(Errc::kInternal, "smaps_rollup has no Pss");
  const std::size_t begin = text->find_first_not_of(' ', at + kPss.size());
  const auto kib = ReadNumber(text->substr(begin, text->find(' ', begin) - begin), 1e12);
  if (!kib) return Fail(Errc::kInternal, "smaps_rollup has a Pss that is no number");
  return *kib / 1024;
}

}  // namespace strata::measure
