#include "measured_record.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <utility>

#include "base/files/files.h"
#include "base/text/json.h"
#include "host/process/process.h"
#include "inventory/programs.h"

namespace strata::cli {
namespace {

constexpr std::chrono::seconds kPatience{2};
constexpr Bytes kMostProc = 4_MiB;  // /proc/cpuinfo has a paragraph for each processor

// The rest of the first line of `file` that begins with `key`; empty: there is none.
std::string LineOf(const char* file, std::string_view key) {
  const auto text = ReadFile(file, kMostProc);
  if (!text) return "";
  const std::size_t at = text->starts_with(key) ? 0 : text->find("\n" + std::string(key));
  if (at == std::string::npos) return "";
  const std::size_t begin = text->find_first_not_of("\t :", at + key.size() + (at == 0 ? 0 : 1));
  if (begin == std::string::npos) return "";
  return text->substr(begin, text->find('\n', begin) - begin);
}

std::string NowInUtc() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

measure::HostFacts Host() {
  utsname kernel{};
  static_cast<void>(::uname(&kernel));
  std::array<double, 1> load{};
  static_cast<void>(::getloadavg(load.data(), 1));
  return {.kernel = kernel.release,
          .machine = kernel.machine,
          .processor = LineOf("/proc/cpuinfo", "model name"),
          .processors = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN)),
          .memory_mib = std::strtod(LineOf("/proc/meminfo", "MemTotal").c_str(), nullptr) / 1024,
          .load = load[0]};
}

}  // namespace

Result<measure::Record> DescribeHost(Session& session) {
  auto status = session.AskJson("GET", "/v1/status");
  if (!status) return std::unexpected(std::move(status).error());
  measure::Record record;
  record.measured = NowInUtc();
  record.strata = STRATA_VERSION;
  record.workload = "hello";
  record.host = Host();
  record.versions["stratad"] = status->value("version", "");
  for (const char* program : {"runc", "runsc", "qemu-system-x86_64"}) {
    const auto found = inventory::FindInstalled(program);
    if (!found) continue;
    const auto ran =
        host::RunToEnd({.program = *found, .arguments = {"--version"}}, kPatience, 64_KiB);
    if (ran) record.versions[program] = ran->out.substr(0, ran->out.find('\n'));
  }
  return record;
}

Result<measure::Record> ReadRecordFile(const std::filesystem::path& file) {
  const auto text = ReadFile(file, measure::kMostRecord);
  if (!text) return std::unexpected(text.error());
  const auto json = ParseJson(*text, measure::kMostRecord);
  if (!json) return Wrap(json.error(), file.string());
  auto record = measure::ReadRecord(*json);
  if (!record) return Wrap(std::move(record).error(), file.string());
  return record;
}

}  // namespace strata::cli
