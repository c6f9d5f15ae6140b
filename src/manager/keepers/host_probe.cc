#include "manager/keepers/host_probe.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/async/pause.h"
#include "base/files/files.h"
#include "host/files/memfd.h"
#include "host/process/process.h"

namespace strata::manager {
namespace {

constexpr std::chrono::minutes kPatience{1};
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr Bytes kLongest = 1_MiB;

// It removes what it tries out, so it is never cut short: one that nobody waits for any more goes
// on alone to its end.
class LeftAlone {
 public:
  explicit LeftAlone(host::Process process) : process_(std::move(process)) {}
  LeftAlone(const LeftAlone&) = delete;
  LeftAlone& operator=(const LeftAlone&) = delete;
  ~LeftAlone() { process_.Detach(); }
  std::optional<host::ExitStatus> Poll() { return process_.Poll(); }

 private:
  host::Process process_;
};

}  // namespace

std::optional<std::string> WhyLacking(const Json& found, model::Class sandbox_class) {
  const std::string class_name(model::ClassName(sandbox_class));
  const auto is_lack = [&class_name](const Json& check) {
    return check.value("name", "") == "class-" + class_name && !check.value("available", false);
  };
  const auto check = std::ranges::find_if(found["checks"], is_lack);
  if (check == found["checks"].end()) return std::nullopt;
  std::string why = check->value("detail", "");
  // Whoever shows it has the class's name beside it already.
  if (const std::string prefix = class_name + ": "; why.starts_with(prefix)) {
    why.erase(0, prefix.size());
  }
  return why;
}

Task<Json> HostProbe::Found(scheduler::ClassSet wanted) {
  // Whom the last answer does for waits for nobody who asks again.
  if (Stands(wanted)) co_return *found_;
  auto turn = co_await asking_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  if (Stands(wanted)) co_return *found_;  // others have asked meanwhile
  auto asked = co_await Ask();
  if (!asked && !found_) co_return asked;
  asked_at_ = context_.clock.Now();
  if (asked) {
    found_ = *std::move(asked);
  } else {
    context_.log.Warn("what this host can do is not found out again",
                      {{"error", asked.error().message}});
  }
  co_return *found_;
}

bool HostProbe::Stands(scheduler::ClassSet wanted) const {
  if (!found_) return false;
  if (context_.clock.Now() - asked_at_ <= kAskAgain) return true;
  return std::ranges::none_of(model::kClasses, [&](model::Class each) {
    return wanted.Has(each) && WhyLacking(*found_, each);
  });
}

Task<Json> HostProbe::Ask() {
  auto out = host::MakeMemfd("strata-probe");
  if (!out) co_return std::unexpected(std::move(out).error());
  auto started = host::Process::Spawn({.program = context_.options.keeper_program.string(),
                                       .arguments = {"--probe"},
                                       .stdout_fd = out->get(),
                                       .stderr_fd = STDERR_FILENO,
                                       .privileges = host::Privileges::kKeep});
  if (!started) co_return std::unexpected(std::move(started).error());
  LeftAlone keeper(std::move(*started));
  const TimePoint end = context_.clock.Now() + kPatience;
  std::optional<host::ExitStatus> status;
  while (!(status = keeper.Poll())) {
    if (context_.clock.Now() >= end) {
      co_return Fail(Errc::kUnavailable, "strata-keeper --probe takes longer than a minute");
    }
    co_await Pause(context_.loop, kLookAgain);
  }
  auto text = ReadFile("/proc/self/fd/" + std::to_string(out->get()), kLongest);
  if (!text) co_return std::unexpected(std::move(text).error());
  auto found = ParseJson(*text);
  if (!status->success() || !found) {
    co_return Fail(Errc::kUnavailable, "strata-keeper --probe: " + status->ToString());
  }
  co_return found;
}

}  // namespace strata::manager
