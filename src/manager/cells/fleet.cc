#include "manager/cells/fleet.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/async/pause.h"
#include "host/files/loop_device.h"
#include "host/files/sweep.h"
#include "http/server/listener.h"
#include "manager/cells/together.h"
#include "manager/cells/traces.h"

namespace strata::manager {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kSocket = "web-";
constexpr std::size_t kLongestHost = 253;       // a name; addresses are shorter
constexpr std::uint32_t kMostListeners = 64;    // that an earlier manager may have had
constexpr milliseconds kDrainPatience{10'000};  // beyond the time that its calls have
constexpr milliseconds kEndPatience{2'000};
// How long a change waits for connections that the listener's former cells still finish, so that
// what is asked after it is answered by it. The rest they finish by themselves.
constexpr milliseconds kHandOverPatience{2'000};
// A cell that dies sooner than this after its start is held back a little longer each time.
constexpr std::chrono::seconds kQuickDeath{1};
constexpr milliseconds kLongestBackoff{5'000};

milliseconds Backoff(std::uint32_t quick_deaths) {
  if (quick_deaths == 0) return milliseconds(0);
  const std::uint32_t doubled = std::min<std::uint32_t>(quick_deaths, 10);
  return std::min(milliseconds(5LL << doubled), kLongestBackoff);
}

// Fronts have none; every name is one that a tenant may have, "front" too.
std::string SlotName(const std::string& tenant, std::uint32_t index) {
  return tenant + "/" + std::to_string(index);
}

// A volume that it started without can be mounted now.
bool CouldHaveMore(const CellProcess& cell) {
  return std::ranges::any_of(
      cell.missing(), [](const std::string& image) { return host::AttachLoop(image).has_value(); });
}

// What it refuses another cell may serve: one with the directories that this one lacks, or of this
// version, where this one's does not know what it is told.
bool TakesAnother(const CellProcess& cell, const Error& refusal) {
  return refusal.code == Errc::kFailedPrecondition ||
         (cell.adopted() && refusal.code == Errc::kInvalidArgument);
}

std::string SocketName(std::uint32_t index) { return std::string(kSocket) + std::to_string(index); }

// The socket's number, of one that a cell says it has: it may have been taken over. Nothing: we
// have not given it that.
std::optional<std::uint32_t> NumberOf(const PublicSocket& socket) {
  std::uint32_t number = 0;
  const std::string_view digits =
      std::string_view(socket.id).substr(std::min(socket.id.size(), kSocket.size()));
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc() || number >= kMostListeners || SocketName(number) != socket.id) {
    return std::nullopt;
  }
  const auto address = http::ParseTcpAddress(socket.address);
  const auto port = http::LocalPort(socket.fd);
  if (!address || !port || address->port != *port || !http::Listens(socket.fd)) return std::nullopt;
  return number;
}

}  // namespace

Fleet::Fleet(CellContext& context, Connector& connector, OpenModuleFn open_module,
             SandboxGoneFn sandbox_gone, CellFn on_cell)
    : context_(context),
      connector_(connector),
      open_module_(std::move(open_module)),
      sandbox_gone_(std::move(sandbox_gone)),
      on_cell_(std::move(on_cell)),
      turns_(context.loop, 1),
      starts_(context.loop, 2 * Processors()) {}

Task<void> Fleet::Recover() {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  if (auto adopted = co_await AdoptAll(); !adopted) co_return std::unexpected(adopted.error());
  if (auto ended = EndStrangers(); !ended) co_return std::unexpected(ended.error());
  co_return BindMissing();
}

Task<void> Fleet::AdoptAll() {
  std::vector<std::shared_ptr<CellProcess>> adopted;
  std::vector<Task<void>> all;
  for (host::HostObject& object : context_.journal.living()) {
    if (object.kind == kCellKind) all.push_back(AdoptOne(std::move(object), adopted));
  }
  // At once: who does not answer holds up no others, which end when nobody asks for them.
  (void)co_await Together(context_.loop, std::move(all));
  // Those with a socket have a place of their own; those of fronts are believed first.
  std::ranges::sort(adopted, {}, [](const auto& cell) {
    return std::tuple(!cell->listening(), !cell->is_front(), cell->name());
  });
  for (auto& cell : adopted) Place(std::move(cell));
  co_return Result<void>{};
}

Task<void> Fleet::AdoptOne(host::HostObject noted,
                           std::vector<std::shared_ptr<CellProcess>>& adopted) {
  auto cell = co_await CellProcess::Adopt(context_, *this, noted);
  if (cell) {
    context_.log.Info("adopted a cell", {{"cell", noted.id}, {"pid", (*cell)->pid()}});
    adopted.push_back(std::move(*cell));
  } else {
    context_.log.Warn("a cell of an earlier manager cannot be adopted",
                      {{"cell", noted.id}, {"error", cell.error().message}});
    RemoveTraces(context_, noted.id);
  }
  co_return Result<void>{};
}

void Fleet::Place(std::shared_ptr<CellProcess> cell) {
  Slot slot{.tenant = cell->tenant(), .socket = {}, .cell = cell, .started = context_.clock.Now()};
  std::string name;
  std::vector<PublicSocket> sockets = cell->TakeSockets();
  for (PublicSocket& socket : sockets) {
    const auto number = NumberOf(socket);
    if (!number || sockets.size() > 1) {
      context_.log.Error("a cell has a listener that it was not given; killed",
                         {{"cell", cell->name()}, {"listener", socket.id}});
      cell->Kill();
      return;
    }
    slot.socket = socket.id;
    name = SlotName(slot.tenant, *number);
    // Fronts come first, and theirs stay: a host may only have what it has not given back yet.
    sockets_.try_emplace(socket.id, std::move(socket));
  }
  on_cell_(cell);
  for (std::uint32_t i = 0; name.empty(); ++i) {
    if (const std::string free = SlotName(slot.tenant, i); !slots_.contains(free)) name = free;
  }
  if (slots_.contains(name)) {  // the old half of an unfinished replacement
    Retire(std::move(cell));
    return;
  }
  slots_.emplace(name, std::move(slot));
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
  // Alone first: sockets that share a port would share it with another server of this user as well,
  // and each of the two would get some of the other's connections.
  if (sockets_.empty()) {
    const auto alone = http::ListenTcp(*address);
    if (!alone) return std::unexpected(alone.error());
  }
  // Without a gap: an earlier manager may have had more, of which some are lost.
  const std::uint32_t wanted = CellsOf(context_.options);
  for (std::uint32_t i = 0; i < wanted || i < sockets_.size(); ++i) {
    const std::string id = SocketName(i);
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
  return NewName(context_, kCellKind, tenant.empty() ? "front" : tenant.substr(0, 12), next_cell_);
}

std::uint32_t Fleet::HostsOf(const std::string& tenant) const {
  if (desired_.listener.mode == ListenerPlan::Mode::kDirect) {
    return tenant == desired_.listener.tenant ? ListenerCells() : 1;
  }
  // Fronts take cores, too, and not every tenant is busy at once: the cores are given out twice.
  const auto& sharing = desired_.listener.handed_on;
  if (!sharing.contains(tenant)) return 1;
  const auto each = static_cast<std::uint32_t>(2 * ListenerCells() / sharing.size());
  return std::clamp(each, 1U, ListenerCells());
}

bool Fleet::HandedOn(const CellProcess& host) const {
  return desired_.listener.handed_on.contains(host.tenant());
}

// Without routes for a host that has nothing to do with the public: fronts call it by name, and it
// need not hear of each switch of their weights.
Configuration Fleet::ConfigurationOf(const Slot& slot) {
  if (slot.tenant.empty()) return desired_.front;
  Configuration of = desired_.by_tenant[slot.tenant];
  const bool routes = !slot.socket.empty() || (slot.cell && slot.cell->in_public());
  if (!routes) of.message.routes.clear();
  return of;
}

// Makes the places that are missing, and says who is to have which socket and who is to leave.
void Fleet::PlaceSlots() {
  for (auto& [name, slot] : slots_) {
    slot.socket.clear();
    // One host too many stays as long as sandboxes live in it.
    const bool holds = slot.cell && !slot.cell->sandboxes().empty();
    slot.leaving = !holds || !desired_.by_tenant.contains(slot.tenant);
  }
  const auto place = [this](const std::string& tenant, std::uint32_t count, bool listens) {
    for (std::uint32_t i = 0; i < count; ++i) {
      Slot& slot = slots_[SlotName(tenant, i)];
      slot.tenant = tenant;
      slot.leaving = false;
      if (listens) slot.socket = SocketName(i);
    }
  };
  const bool direct = desired_.listener.mode == ListenerPlan::Mode::kDirect;
  if (!direct) place("", ListenerCells(), true);
  for (const auto& [tenant, configuration] : desired_.by_tenant) {
    place(tenant, HostsOf(tenant), direct && tenant == desired_.listener.tenant);
  }
}

Task<void> Fleet::Reconcile(DesiredState desired) {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  if (stopping_) co_return Fail(Errc::kUnavailable, "the cells are being ended");
  desired_ = std::move(desired);
  behind_ = false;
  PlaceSlots();
  // Hosts first: what a front is told of must be there.
  auto outcome = co_await BringAll(false);
  auto fronts = co_await BringAll(true);
  if (outcome) outcome = std::move(fronts);
  // A failure of one tenant's cells does not keep the listener from the others.
  auto handed = co_await HandOver();
  if (!handed) co_return outcome ? handed : outcome;
  auto given_up = co_await GiveUp();
  co_return outcome ? given_up : outcome;
}

Task<void> Fleet::BringAll(bool fronts) {
  std::vector<Task<void>> all;
  for (auto& [name, slot] : slots_) {
    if (!slot.leaving && slot.tenant.empty() == fronts) all.push_back(Bring(slot));
  }
  co_return co_await Together(context_.loop, std::move(all));
}

Task<void> Fleet::Bring(Slot& slot) {
  const bool silent = slot.cell && slot.cell->silent();
  auto brought = co_await Renew(slot);
  if (!brought && silent && brought.error().code == Errc::kUnavailable) {
    behind_ = true;  // whoever asked it first has been told
    co_return Result<void>{};
  }
  if (!brought) {
    co_return Wrap(brought.error(), slot.tenant.empty() ? "front" : "cell for " + slot.tenant);
  }
  co_return Result<void>{};
}

Task<void> Fleet::Renew(Slot& slot) {
  // One that dies while it is asked leaves its place at once, to Replace().
  const std::shared_ptr<CellProcess> cell = slot.cell;
  if (cell && cell->alive() && cell->tenant() == slot.tenant && !CouldHaveMore(*cell)) {
    Result<void> linked;
    if (cell->is_front()) linked = co_await LinkFront(*cell);
    if (!linked) co_return linked;
    Configuration wanted = ConfigurationOf(slot);
    auto configured = co_await cell->Configure(std::move(wanted), desired_.generation);
    if (configured || slot.cell != cell || !TakesAnother(*cell, configured.error())) {
      co_return configured;
    }
    context_.log.Info("replacing a cell",
                      {{"cell", cell->name()}, {"why", configured.error().message}});
  }
  auto old = std::exchange(slot.cell, nullptr);
  auto filled = co_await Fill(slot);
  if (!filled) {
    slot.cell = std::move(old);  // it serves what it served
    co_return filled;
  }
  if (old && old->alive()) Retire(std::move(old));
  co_return Result<void>{};
}

Task<void> Fleet::Fill(Slot& slot) {
  auto turn = co_await starts_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  Configuration configuration = ConfigurationOf(slot);
  auto cell = co_await CellProcess::Start(context_, *this, NewCellName(slot.tenant), slot.tenant,
                                          configuration.needs);
  if (!cell) co_return std::unexpected(cell.error());
  on_cell_(*cell);
  // Before it accepts anything, it knows what to answer and whom to ask.
  auto ready = co_await (*cell)->Configure(std::move(configuration), desired_.generation);
  if (ready && slot.tenant.empty()) {
    ready = co_await LinkFront(**cell);
  } else if (ready) {
    ready = co_await LinkHost(**cell);
  }
  if (ready && !slot.socket.empty()) ready = co_await (*cell)->Listen(sockets_.at(slot.socket));
  if (!ready) {
    (*cell)->Kill();
    co_return ready;
  }
  slot.cell = std::move(*cell);
  slot.started = context_.clock.Now();
  co_return Result<void>{};
}

// A line to every host that gets requests, and none to others.
Task<void> Fleet::LinkFront(CellProcess& front) {
  std::set<std::string> stale = front.linked();
  for (auto& [name, slot] : slots_) {
    const bool alive = slot.cell && slot.cell->alive() && !slot.leaving;
    if (!alive || slot.cell->is_front() || !HandedOn(*slot.cell)) continue;
    const std::shared_ptr<CellProcess> host = slot.cell;  // it may die while it is asked
    stale.erase(host->name());
    if (auto linked = co_await front.Link(*host); !linked) co_return linked;
  }
  for (const std::string& host : stale) {
    if (auto unlinked = co_await front.Unlink(host); !unlinked) co_return unlinked;
  }
  co_return Result<void>{};
}

Task<void> Fleet::LinkHost(CellProcess& host) {
  if (!HandedOn(host)) co_return Result<void>{};
  for (auto& [name, slot] : slots_) {
    if (!slot.cell || !slot.cell->alive() || !slot.tenant.empty()) continue;
    // A front that dies meanwhile is linked when it is replaced.
    const std::shared_ptr<CellProcess> front = slot.cell;
    (void)co_await front->Link(host);
  }
  co_return Result<void>{};
}

// Gives every public socket to the cell that is to have it.
Task<void> Fleet::HandOver() {
  for (auto& [name, slot] : slots_) {
    if (slot.socket.empty()) continue;
    const std::shared_ptr<CellProcess> cell = slot.cell;
    if (!cell) co_return Fail(Errc::kUnavailable, "nobody is there to listen: " + name);
    if (cell->listening()) continue;
    if (auto given = co_await cell->Listen(sockets_.at(slot.socket)); !given) co_return given;
  }
  co_return Result<void>{};
}

// Takes the sockets from those that had them before, and ends cells that are not wanted any more.
Task<void> Fleet::GiveUp() {
  std::vector<Task<void>> stopping;
  for (auto& [name, slot] : slots_) {
    if (slot.socket.empty() && slot.cell && slot.cell->alive() && slot.cell->listening()) {
      stopping.push_back(slot.cell->StopListening(kHandOverPatience));
    }
  }
  // What takes longer is finished by the cell, also by one that leaves.
  (void)co_await Together(context_.loop, std::move(stopping));
  for (auto at = slots_.begin(); at != slots_.end();) {
    if (!at->second.leaving) {
      ++at;
      continue;
    }
    auto cell = std::move(at->second.cell);
    at = slots_.erase(at);
    if (cell && cell->alive()) Retire(std::move(cell));
  }
  co_return Result<void>{};
}

void Fleet::Retire(std::shared_ptr<CellProcess> cell) {
  Spawn(context_.loop, Leave(std::move(cell)));
}

// Fronts first hand nothing more on to it, and its clients go to those that listen. Its calls have
// the time that they came with: nobody waits for it.
Awaitable<void> Fleet::Leave(std::shared_ptr<CellProcess> cell) {
  std::vector<std::shared_ptr<CellProcess>> fronts;
  for (const auto& [name, slot] : slots_) {
    if (slot.cell && slot.cell->is_front()) fronts.push_back(slot.cell);
  }
  for (const auto& front : fronts) (void)co_await front->Unlink(cell->name());
  if (cell->listening()) (void)co_await cell->StopListening(kHandOverPatience);
  // One that does not answer finishes nothing.
  const milliseconds calls = cell->silent() ? milliseconds(0) : cell->longest_call();
  auto drained = co_await cell->Drain(calls + kDrainPatience);
  if (!drained) context_.log.Warn("a replaced cell was killed", {{"cell", cell->name()}});
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
    if (!slot.leaving) Spawn(context_.loop, Replace(name));
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
    if (again->second.leaving) co_return;
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
  // What is refused is said with the name, and a cell may ask as often as it likes.
  if (request.host.size() > kLongestHost) {
    return cell.AnswerConnect(request.id, Fail(Errc::kInvalidArgument, "too long a host name"));
  }
  model::Grants grants;
  const auto* function = cell.FindFunction(request.generation, request.function);
  if (function != nullptr) grants = function->grants;
  auto answer = [](Fleet& fleet, std::shared_ptr<CellProcess> to, model::Grants allowed,
                   cell::Connect asked) -> Awaitable<void> {
    auto connected =
        co_await fleet.connector_.Connect(to->tenant(), std::move(allowed), asked.host, asked.port);
    to->AnswerConnect(asked.id, std::move(connected));
  };
  Spawn(context_.loop,
        answer(*this, cell.shared_from_this(), std::move(grants), std::move(request)));
}

void Fleet::OnClient(CellProcess&, Fd client) {
  if (stopping_ || sockets_.empty()) return;
  const auto port = http::LocalPort(sockets_.begin()->second.fd);
  // A client that has left meanwhile has no address any more. Cells are not trusted: nothing else
  // than a connection to the listener goes on.
  auto peer = port ? http::ClientOf(client, *port) : std::unexpected(port.error());
  const auto to = PickFrom([](const Slot& slot) { return slot.cell->listening(); });
  if (!peer || !to) return;
  const auto pass = [](std::shared_ptr<CellProcess> taker, std::string from,
                       Fd connection) -> Awaitable<void> {
    (void)co_await taker->TakeClient(std::move(from), std::move(connection));
  };
  Spawn(context_.loop, pass(to, std::move(*peer), std::move(client)));
}

Result<Fd> Fleet::OpenModule(const std::string& key) { return open_module_(key); }

Task<void> Fleet::Down(milliseconds patience) {
  stopping_ = true;
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  // Those that accept first: what they have taken may need the others.
  auto outcome = co_await DrainAll(true, patience);
  auto rest = co_await DrainAll(false, patience);
  slots_.clear();
  // Given up before and still finishing, or just killed: they have no place any more.
  auto left = co_await EndNoted(context_, kCellKind, RemoveTraces, patience);
  if (outcome) outcome = std::move(rest);
  co_return outcome ? left : outcome;
}

// All at once: guests that do not end cost one patience, not one for each cell.
Task<void> Fleet::DrainAll(bool listening, milliseconds patience) {
  const auto drain = [](std::shared_ptr<CellProcess> cell, milliseconds most) -> Task<void> {
    co_return co_await cell->Drain(most);
  };
  std::vector<Task<void>> all;
  for (const auto& cell : cells()) {
    if (cell->alive() && cell->listening() == listening) all.push_back(drain(cell, patience));
  }
  co_return co_await Together(context_.loop, std::move(all));
}

std::shared_ptr<CellProcess> Fleet::Pick(std::string_view tenant) {
  return PickFrom([tenant](const Slot& slot) { return slot.tenant == tenant; });
}

std::shared_ptr<CellProcess> Fleet::PickFrom(const std::function<bool(const Slot&)>& fits) {
  std::vector<std::shared_ptr<CellProcess>> candidates;
  for (const auto& [name, slot] : slots_) {
    if (slot.cell && slot.cell->alive() && fits(slot)) candidates.push_back(slot.cell);
  }
  if (candidates.empty()) return nullptr;
  return candidates[next_pick_++ % candidates.size()];
}

std::shared_ptr<CellProcess> Fleet::FindSandbox(std::string_view tenant,
                                                const std::string& id) const {
  for (const auto& [name, slot] : slots_) {
    if (slot.tenant == tenant && slot.cell && slot.cell->sandboxes().contains(id)) return slot.cell;
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
