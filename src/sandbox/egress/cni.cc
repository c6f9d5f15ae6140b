#include "sandbox/egress/cni.h"

#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "base/bytes.h"
#include "base/files/files.h"
#include "base/text/json.h"
#include "host/files/memfd.h"
#include "host/process/process.h"
#include "sandbox/egress/plan.h"

namespace strata::sandbox::egress {
namespace {

constexpr const char* kInterface = "eth0";
constexpr int kNetworkFd = 3;
constexpr Bytes kLongestResult = 64_KiB;
constexpr std::chrono::seconds kPatience{10};

std::string AddressWithLength(host::Ipv4 address) {
  return address.ToString() + "/" + std::to_string(kSandboxBits);
}

std::string Configuration(host::Ipv4 address) {
  const Json addresses =
      Json::array({{{"address", AddressWithLength(address)}, {"gateway", kGateway.ToString()}}});
  const Json everywhere = {{"dst", "0.0.0.0/0"}};
  return DumpJson(
      {{"cniVersion", "1.0.0"},
       {"name", "strata"},
       {"type", "ptp"},
       {"ipMasq", false},
       {"ipam",
        {{"type", "static"}, {"addresses", addresses}, {"routes", Json::array({everywhere})}}}});
}

Result<Fd> Input(std::string_view text) {
  auto file = host::MakeMemfd("cni-configuration");
  if (!file) return file;
  if (auto written = WriteAll(file->get(), text); !written) {
    return std::unexpected(std::move(written).error());
  }
  if (::lseek(file->get(), 0, SEEK_SET) != 0) return FailErrno("CNI configuration", errno);
  return file;
}

std::unexpected<Error> Odd(const std::string& what) {
  return Fail(Errc::kInternal, "CNI result: " + what);
}

// What a plugin prints when it fails.
std::string Complaint(std::string_view text) {
  const auto parsed = ParseJson(text);
  const bool told = parsed && parsed->is_object() && parsed->contains("msg");
  return told ? DumpJson((*parsed)["msg"]) : std::string(text.substr(0, 200));
}

bool IsInterfaceName(std::string_view name) {
  return !name.empty() && name.size() < IFNAMSIZ &&
         std::ranges::all_of(
             name,
             [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
             });
}

// Kills what takes too long.
Task<host::ExitStatus> EndOf(host::Process& process) {
  Timer timer(co_await asio::this_coro::executor, kPatience);
  const auto late = std::make_shared<bool>(false);  // gone when nobody waits any more
  timer.async_wait([&process, weak = std::weak_ptr(late)](boost::system::error_code cancelled) {
    const auto waits = weak.lock();
    if (cancelled || !waits) return;
    *waits = true;
    static_cast<void>(process.Kill(SIGKILL));
  });
  auto status = co_await process.Wait();
  if (*late) co_return Fail(Errc::kDeadlineExceeded, "a CNI plugin took too long");
  co_return status;
}

}  // namespace

Result<void> FindPlugins(const std::filesystem::path& plugins) {
  for (const char* name : {"ptp", "static"}) {
    if (::access((plugins / name).c_str(), X_OK) == 0) continue;
    return Fail(Errc::kFailedPrecondition,
                "the CNI plugin " + (plugins / name).string() +
                    " is not there; install containernetworking-plugins");
  }
  return {};
}

Result<std::string> ParseCniResult(std::string_view text, host::Ipv4 address) {
  const auto result = ParseJson(text);
  if (!result || !result->is_object()) return Odd("no JSON object");
  const auto interfaces = result->find("interfaces");
  const auto ips = result->find("ips");
  if (interfaces == result->end() || !interfaces->is_array() || interfaces->size() != 2) {
    return Odd("not two interfaces");
  }
  if (ips == result->end() || !ips->is_array() || ips->size() != 1 || !ips->front().is_object()) {
    return Odd("not one address");
  }
  const auto given = ips->front().find("address");
  if (given == ips->front().end() || *given != AddressWithLength(address)) {
    return Odd("another address");
  }
  std::string ours;
  bool theirs = false;
  for (const Json& each : *interfaces) {
    if (!each.is_object() || !each.contains("name") || !each["name"].is_string()) {
      return Odd("an interface without a name");
    }
    const auto name = each["name"].get<std::string>();
    if (each.contains("sandbox")) {
      theirs = name == kInterface;
    } else if (IsInterfaceName(name)) {
      ours = name;
    }
  }
  if (ours.empty() || !theirs) return Odd("not one interface on each side");
  return ours;
}

Task<std::string> AddLink(std::filesystem::path plugins, std::string id, const Fd& network,
                          host::Ipv4 address) {
  auto input = Input(Configuration(address));
  if (!input) co_return std::unexpected(std::move(input).error());
  auto output = host::MakeMemfd("cni-result");
  if (!output) co_return std::unexpected(std::move(output).error());
  auto process = host::Process::Spawn(
      {.program = plugins / "ptp",
       .environment = {"CNI_COMMAND=ADD", "CNI_CONTAINERID=" + id,
                       "CNI_NETNS=/proc/self/fd/" + std::to_string(kNetworkFd),
                       std::string("CNI_IFNAME=") + kInterface, "CNI_PATH=" + plugins.string()},
       .stdin_fd = input->get(),
       .stdout_fd = output->get(),
       .fds = {{network.get(), kNetworkFd}},
       .privileges = host::Privileges::kKeep,
       .parent_death_signal = SIGKILL});
  if (!process) co_return std::unexpected(std::move(process).error());
  auto status = co_await EndOf(*process);
  if (!status) co_return std::unexpected(std::move(status).error());
  auto text = ReadFile("/proc/self/fd/" + std::to_string(output->get()), kLongestResult);
  if (!text) co_return std::unexpected(std::move(text).error());
  if (!status->success()) {
    co_return Fail(Errc::kInternal,
                   "CNI plugin ptp: " + status->ToString() + ": " + Complaint(*text));
  }
  co_return ParseCniResult(*text, address);
}

}  // namespace strata::sandbox::egress
