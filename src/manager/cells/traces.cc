#include "manager/cells/traces.h"

#include <algorithm>
#include <csignal>
#include <vector>

#include "base/async/pause.h"
#include "host/files/journal.h"
#include "host/process/process.h"

namespace strata::manager {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookAgain{10};
constexpr milliseconds kEndPatience{2'000};
// Of whoever watches a process that has ended, to remove what is left of it.
constexpr milliseconds kRemovePatience{1'000};

std::vector<host::HostObject> Noted(const CellContext& context, std::string_view kind) {
  auto noted = context.journal.living();
  std::erase_if(noted, [kind](const host::HostObject& each) { return each.kind != kind; });
  return noted;
}

bool Lives(const host::HostObject& object) {
  return host::Process::Adopt(object.process).has_value();
}

bool NoneLives(const CellContext& context, std::string_view kind) {
  return std::ranges::none_of(Noted(context, kind), Lives);
}

bool NoneIsNoted(const CellContext& context, std::string_view kind) {
  return Noted(context, kind).empty();
}

// Looks again and again until `done`, for as long as `patience`.
Awaitable<void> Await(CellContext& context, std::string_view kind, milliseconds patience,
                      bool (*done)(const CellContext& context, std::string_view kind)) {
  const TimePoint end = context.clock.Now() + patience;
  while (!done(context, kind) && context.clock.Now() < end) {
    co_await Pause(context.loop, kLookAgain);
  }
}

}  // namespace

Result<Traces> Traces::Note(CellContext& context, std::string_view kind, const std::string& name,
                            RemoveTracesFn remove) {
  if (context.journal.Names(std::string(kind), name)) {
    return Fail(Errc::kFailedPrecondition, "there is one of this name");
  }
  if (auto noted = context.journal.Made({std::string(kind), name, {}}); !noted) {
    return std::unexpected(std::move(noted).error());
  }
  return Traces(context, kind, name, remove);
}

std::string NewName(const CellContext& context, std::string_view kind, const std::string& prefix,
                    std::uint64_t& next) {
  const auto now = context.clock.WallNow().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  const std::string start = prefix + "-" + std::to_string(seconds % 10'000'000) + "-";
  std::string name;
  do {
    name = start + std::to_string(next++);
  } while (context.journal.Names(std::string(kind), name));
  return name;
}

Task<void> EndNoted(CellContext& context, std::string_view kind, RemoveTracesFn remove,
                    milliseconds patience) {
  co_await Await(context, kind, patience, NoneLives);
  std::string late;
  for (const host::HostObject& each : Noted(context, kind)) {
    auto process = host::Process::Adopt(each.process);
    if (!process) continue;
    (void)process->Kill(SIGKILL);  // one that resists is named below
    late += " " + each.id;
  }
  if (!late.empty()) co_await Await(context, kind, kEndPatience, NoneLives);
  co_await Await(context, kind, kRemovePatience, NoneIsNoted);
  std::string left;
  for (const host::HostObject& each : Noted(context, kind)) {
    if (!Lives(each)) remove(context, each.id);  // nobody watched it
    if (context.journal.Names(each.kind, each.id)) left += " " + each.id;
  }
  if (!left.empty()) {
    co_return Fail(Errc::kDeadlineExceeded, "left on the host until the next start:" + left +
                                                ", of kind " + std::string(kind));
  }
  if (!late.empty())
    co_return Fail(Errc::kDeadlineExceeded, "killed, not finished in time:" + late);
  co_return Result<void>{};
}

}  // namespace strata::manager
