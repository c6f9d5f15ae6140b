#include "isolation/live_sandboxes.h"

#include <string>
#include <utility>

#include "base/text/json.h"
#include "http/client/client.h"
#include "measure/pss.h"
#include "model/values.h"

namespace strata::cli {
namespace {

using measure::Density;

constexpr model::Class kClass = model::Class::kWasm;
// A sandbox needs some pages of 4 KiB: what few of them need is lost in what else a process does.
constexpr std::uint64_t kParts = 8;
constexpr std::uint64_t kFewestOfAPart = 32;

}  // namespace

Result<std::vector<pid_t>> LiveSandboxes::Cells() {
  const auto status = session_.AskJson("GET", "/v1/status");
  if (!status) return std::unexpected(status.error());
  std::vector<pid_t> pids;
  for (const Json& cell : (*status)["cells"]) {
    if (cell.value("namespace", "") == workload_.space) pids.push_back(cell.value("pid", 0));
  }
  return pids;
}

Result<double> LiveSandboxes::MemoryMib() {
  const auto now = Cells();
  if (!now) return std::unexpected(now.error());
  if (*now != cells_) return Fail(Errc::kUnavailable, "a cell was replaced meanwhile");
  double all = 0;
  for (const pid_t pid : cells_) {
    auto used = measure::PssMib(pid);
    if (!used && used.error().code == Errc::kPermissionDenied) {
      return Fail(Errc::kUnsupported, "this user is not told the memory of the server's cells");
    }
    if (!used) return used;
    all += *used;
  }
  return all;
}

Result<void> LiveSandboxes::Begin() {
  if (session_.is_remote()) {
    return Fail(Errc::kUnsupported, "the memory of a server's cells is known on its machine only");
  }
  if (auto there = Deploy(session_, workload_, kClass); !there) return there;
  auto cells = Cells();
  if (!cells) return std::unexpected(std::move(cells).error());
  cells_ = *std::move(cells);
  // What the first call of a function costs its process is none of theirs.
  if (auto called = Call(session_, workload_, kClass, "/"); !called) {
    cells_.clear();
    return std::unexpected(std::move(called).error());
  }
  auto before = MemoryMib();
  if (!before) {
    cells_.clear();  // it has not begun
    return std::unexpected(std::move(before).error());
  }
  before_mib_ = *before;
  return {};
}

Result<void> LiveSandboxes::Add(std::uint64_t count) {
  const Json body{{"namespace", workload_.space},
                  {"function", workload_.name + "-" + std::string(model::ClassName(kClass))},
                  {"count", count}};
  const auto made = session_.AskJson("POST", "/v1/sandboxes", body);
  if (!made) return std::unexpected(made.error());
  for (const Json& each : (*made)["sandboxes"]) {
    http::ClientRequest request;
    request.method = "POST";
    request.target = "/v1/sandboxes/" + each.at("id").get<std::string>() + "/invoke";
    const auto answer = session_.Ask(std::move(request));
    if (!answer) return std::unexpected(answer.error());
    if (answer->status != 200) {
      return Fail(Errc::kInternal, "a sandbox answered " + std::to_string(answer->status));
    }
  }
  made_ += count;
  return {};
}

Result<Density> LiveSandboxes::Grow(std::uint64_t instances) {
  if (cells_.empty()) {
    if (auto begun = Begin(); !begun) return std::unexpected(std::move(begun).error());
  }
  const std::uint64_t more = instances - made_;
  const std::uint64_t parts = more >= kParts * kFewestOfAPart ? kParts : 1;
  Density density;
  auto last = MemoryMib();
  if (!last) return std::unexpected(std::move(last).error());
  for (std::uint64_t part = 0; part < parts; ++part) {
    const std::uint64_t count = more / parts;
    if (auto added = Add(count); !added) return std::unexpected(std::move(added).error());
    const auto now = MemoryMib();
    if (!now) return std::unexpected(now.error());
    if (count >= kFewestOfAPart) {
      density.memory_mib.push_back((*now - *last) / static_cast<double>(count));
    }
    last = now;
  }
  density.instances = made_;
  density.all_mib = *last - before_mib_;
  return density;
}

Result<void> LiveSandboxes::End() {
  made_ = 0;
  cells_.clear();
  return RemoveIfThere(session_, workload_, kClass);
}

}  // namespace strata::cli
