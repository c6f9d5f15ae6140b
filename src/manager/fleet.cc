#include "manager/fleet.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "base/promise.h"
#include "host/sweep.h"
#include "http/listener.h"
#include "manager/together.h"

namespace strata::manager {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kFrontSlot = "web-";
constexpr std::string_view kTenantSlot = "tenant-";
constexpr milliseconds kDrainPatience{10'000};
constexpr milliseconds kEndPatience{2'000};
// A cell that dies sooner than this after its start is held back a little longer each time.
constexpr std::chrono::seconds kQuickDeath{1};
constexpr milliseconds kLongestBackoff{5'000};

milliseconds Backoff(std::uint32_t quick_deaths) {
  if (quick_deaths == 0) return milliseconds(0);
  const std::uint32_t doubled = std::min<std::uint32_t>(quick_deaths, 10);
  return std::min(milliseconds(5LL << doubled), kLongestBackoff);
}

Awaitable<void> Pause(Loop& loop, milliseconds duration) {
  Promise<std::monostate> never(loop);
  (void)co_await never.Wait(duration);
}

Awaitable<void> DrainAndForget(std::shared_ptr<CellProcess> cell, telemetry::Logger log) {
  auto drained = co_await cell->Drain(kDrainPatience);
  if (!drained) log.Warn("a replaced cell was killed", {{"cell", cell->name()}});
}

}  // namespace

Fleet::Fleet(CellContext& context, Connector& connector, OpenModuleFn open_module,
             SandboxGoneFn sandbox_gone)
    : context_(context),
      connector_(connector),
      open_module_(std::move(open_module)),
      sandbox_gone_(std::move(sandbox_gone)),
      turns_(context.loop, 1),
      starts_(context.loop, 2 * std::max(1U, std::thread::hardware_concurrency())) {}

std::uint32_t Fleet::FrontCells() const {
  if (context_.options.cells != 0) return context_.options.cells;
  return std::max(1U, std::thread::hardware_concurrency());
}

Task<void> Fleet::Recover() {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  if (auto adopted = co_await AdoptAll(); !adopted) co_return std::unexpected(adopted.error());
  if (auto ended = EndStrangers(); !ended) co_return std::unexpected(ended.error());
  co_return BindMissing();
}

Task<void> Fleet::AdoptAll() {
  for (const host::HostObject& object : context_.journal.living()) {
    if (object.kind != "cell") continue;
    auto cell = co_await CellProcess::Adopt(context_, *this, object);
    if (!cell) {
      context_.log.Warn("a cell of an earlier manager cannot be adopted",
                        {{"cell", object.id}, {"error", cell.error().message}});
      RemoveTraces(context_, object.id);
      continue;
    }
    Slot slot;
    slot.tenant = (*cell)->tenant();
    slot.cell = *cell;
    slot.started = context_.clock.Now();
    for (PublicSocket& socket : (*cell)->TakeSockets()) {
      slot.socket = socket.id;
      sockets_.insert_or_assign(socket.id, std::move(socket));
    }
    const std::string name =
        slot.socket.empty() ? std::string(kTenantSlot) + slot.tenant : slot.socket;
    if (slots_.contains(name)) {  // the old half of an unfinished replacement
      Spawn(context_.loop, DrainAndForget(*cell, context_.log));
      continue;
    }
    context_.log.Info("adopted a cell", {{"cell", object.id}, {"pid", (*cell)->pid()}});
    slots_.emplace(name, std::move(slot));
  }
  co_return Result<void>{};
}

Result<void> Fleet::EndStrangers() {
  constexpr std::array<std::string_view, 1> kPrograms{"strata-cell"};
  auto found = host::FindInstanceProcesses(context_.instance, kPrograms);
  if (!found) return std::unexpected(found.error());
  const auto living = cells();
  std::erase_if(*found, [&living](const host::FoundProcess& process) {
    return std::any_of(living.begin(), living.end(),
                       [&process](const auto& cell) { return cell->pid() == process.id.pid; });
  });
  if (found->empty()) return {};
  context_.log.Warn("ending processes that nobody owns", {{"count", found->size()}});
  return host::EndProcesses(*found, kEndPatience);
}

Result<void> Fleet::BindMissing() {
  // An adopted cell keeps its port: what is asked for now counts from the next `strata down` on.
  auto address = http::ParseTcpAddress(sockets_.empty() ? context_.options.listen
                                                        : sockets_.begin()->second.address);
  if (!address) return Wrap(address.error(), "--listen");
  for (std::uint32_t i = 0; i < FrontCells(); ++i) {
    const std::string id = std::string(kFrontSlot) + std::to_string(i);
    if (sockets_.contains(id)) continue;
    auto bound = http::ListenTcp(*address, http::PortSharing::kReusePort);
    if (!bound) return std::unexpected(bound.error());
    auto port = http::LocalPort(*bound);
    if (!port) return std::unexpected(port.error());
    address->port = *port;  // port 0 is now a real one, and the same for all
    sockets_.emplace(id, PublicSocket{id, http::ToString(*address), std::move(*bound)});
  }
  address_ = http::ToString(*address);
  return {};
}

std::string Fleet::NewCellName(const std::string& tenant) {
  // The time makes the name new also after a restart of the manager.
  const auto now = context_.clock.WallNow().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  return tenant.substr(0, 12) + "-" + std::to_string(seconds % 10'000'000) + "-" +
         std::to_string(next_cell_++);
}

Task<void> Fleet::Reconcile(DesiredState desired) {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  desired_ = std::move(desired);
  for (std::uint32_t i = 0; i < FrontCells(); ++i) {
    const std::string id = std::string(kFrontSlot) + std::to_string(i);
    Slot& slot = slots_[id];
    slot.tenant = desired_.front_tenant;
    slot.socket = id;
  }
  for (const auto& [tenant, configuration] : desired_.by_tenant) {
    if (tenant != desired_.front_tenant) {
      slots_[std::string(kTenantSlot) + tenant].tenant = tenant;
    }
  }
  for (auto at = slots_.begin(); at != slots_.end();) {
    const bool wanted = desired_.by_tenant.contains(at->second.tenant) &&
                        (!at->second.socket.empty() || at->second.tenant != desired_.front_tenant);
    if (wanted) {
      ++at;
      continue;
    }
    if (at->second.cell) Spawn(context_.loop, DrainAndForget(at->second.cell, context_.log));
    at = slots_.erase(at);
  }
  std::vector<Task<void>> all;
  for (auto& [name, slot] : slots_) all.push_back(Bring(slot));
  co_return co_await Together(context_.loop, std::move(all));
}

Task<void> Fleet::Bring(Slot& slot) {
  auto brought = co_await Renew(slot);
  if (!brought) co_return Wrap(brought.error(), "cell for " + slot.tenant);
  co_return Result<void>{};
}

Task<void> Fleet::Renew(Slot& slot) {
  if (slot.cell && slot.cell->alive() && slot.cell->tenant() == slot.tenant) {
    const Configuration& configuration = desired_.by_tenant[slot.tenant];
    auto configured = co_await slot.cell->Configure(configuration, desired_.generation);
    if (configured || configured.error().code != Errc::kFailedPrecondition) co_return configured;
    context_.log.Info("replacing a cell",
                      {{"cell", slot.cell->name()}, {"why", configured.error().message}});
  }
  auto old = std::exchange(slot.cell, nullptr);
  auto filled = co_await Fill(slot);
  if (!filled) {
    slot.cell = std::move(old);  // it serves what it served
    co_return filled;
  }
  if (old && old->alive()) Spawn(context_.loop, DrainAndForget(std::move(old), context_.log));
  co_return Result<void>{};
}

Task<void> Fleet::Fill(Slot& slot) {
  auto turn = co_await starts_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  const Configuration& configuration = desired_.by_tenant[slot.tenant];
  auto cell = co_await CellProcess::Start(context_, *this, NewCellName(slot.tenant), slot.tenant,
                                          configuration.read_only, configuration.scratch);
  if (!cell) co_return std::unexpected(cell.error());
  // Before it accepts anything, it knows what to answer.
  auto configured = co_await (*cell)->Configure(configuration, desired_.generation);
  if (configured && !slot.socket.empty()) {
    configured = co_await (*cell)->Listen(sockets_.at(slot.socket));
  }
  if (!configured) {
    (*cell)->Kill();
    co_return configured;
  }
  slot.cell = std::move(*cell);
  slot.started = context_.clock.Now();
  co_return Result<void>{};
}

void Fleet::OnExit(CellProcess& cell, const std::string& why) {
  for (const std::string& id : cell.sandboxes()) sandbox_gone_(id, "cell ended: " + why);
  if (stopping_) return;
  for (auto& [name, slot] : slots_) {
    if (slot.cell.get() != &cell) continue;
    context_.log.Error("a cell died", {{"cell", cell.name()}, {"why", why}});
    const bool quick = context_.clock.Now() - slot.started < kQuickDeath;
    slot.quick_deaths = quick ? slot.quick_deaths + 1 : 0;
    slot.cell = nullptr;
    Spawn(context_.loop, Replace(name));
    return;
  }
}

Awaitable<void> Fleet::Replace(std::string slot_name) {
  for (;;) {
    const auto found = slots_.find(slot_name);
    if (found == slots_.end() || stopping_) co_return;
    const milliseconds pause = Backoff(found->second.quick_deaths);
    if (pause.count() > 0) co_await Pause(context_.loop, pause);
    auto turn = co_await turns_.Take();
    // A reconciliation may have dropped or filled the slot meanwhile.
    const auto again = slots_.find(slot_name);
    if (!turn || again == slots_.end() || again->second.cell || stopping_) co_return;
    auto filled = co_await Fill(again->second);
    if (filled) {
      ++replaced_;
      context_.log.Info("replaced a cell", {{"slot", slot_name}});
      co_return;
    }
    context_.log.Error("cannot replace a cell", filled.error());
    ++again->second.quick_deaths;
  }
}

void Fleet::OnSandboxGone(CellProcess&, const std::string& id, const std::string& reason) {
  sandbox_gone_(id, reason);
}

void Fleet::OnConnect(CellProcess& cell, cell::Connect request) {
  model::Grants grants;
  const auto* functions = cell.functions(request.generation);
  if (functions != nullptr && request.function < functions->size()) {
    grants = (*functions)[request.function].grants;
  }
  auto answer = [](Fleet& fleet, std::shared_ptr<CellProcess> to, model::Grants allowed,
                   cell::Connect asked) -> Awaitable<void> {
    auto connected = co_await fleet.connector_.Connect(std::move(allowed), asked.host, asked.port);
    // A cell that died meanwhile needs no answer.
    (void)co_await to->AnswerConnect(asked.id, std::move(connected));
  };
  Spawn(context_.loop,
        answer(*this, cell.shared_from_this(), std::move(grants), std::move(request)));
}

Result<Fd> Fleet::OpenModule(const std::string& key) { return open_module_(key); }

Task<void> Fleet::Down(milliseconds patience) {
  stopping_ = true;
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  // All at once: guests that do not end cost one patience, not one for each cell.
  const auto drain = [](std::shared_ptr<CellProcess> cell, milliseconds most) -> Task<void> {
    co_return co_await cell->Drain(most);
  };
  std::vector<Task<void>> all;
  for (const auto& cell : cells()) all.push_back(drain(cell, patience));
  auto outcome = co_await Together(context_.loop, std::move(all));
  slots_.clear();
  co_return outcome;
}

std::shared_ptr<CellProcess> Fleet::Pick(std::string_view tenant) {
  std::vector<std::shared_ptr<CellProcess>> candidates;
  for (const auto& [name, slot] : slots_) {
    if (slot.cell && slot.cell->alive() && slot.tenant == tenant) candidates.push_back(slot.cell);
  }
  if (candidates.empty()) return nullptr;
  return candidates[next_pick_++ % candidates.size()];
}

std::shared_ptr<CellProcess> Fleet::FindSandbox(std::string_view id) const {
  for (const auto& [name, slot] : slots_) {
    if (slot.cell && slot.cell->sandboxes().contains(std::string(id))) return slot.cell;
  }
  return nullptr;
}

std::vector<std::shared_ptr<CellProcess>> Fleet::cells() const {
  std::vector<std::shared_ptr<CellProcess>> all;
  for (const auto& [name, slot] : slots_) {
    if (slot.cell) all.push_back(slot.cell);
  }
  return all;
}

}  // namespace strata::manager
