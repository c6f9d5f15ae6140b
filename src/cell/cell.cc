#include "cell/cell.h"

#include <unistd.h>

#include <set>
#include <utility>

#include "base/files/files.h"
#include "wire/outcome.h"

namespace strata::cell {
namespace {

// A body's bound is its function's, which RequestPath sets.
http::ServerConfig ServerLimits() { return {.body = http::ServerConfig::kHandlersBody}; }

}  // namespace

Result<std::unique_ptr<Cell>> Cell::Create(CellParts parts) {
  auto ring = telemetry::RingWriter::Open(parts.ring.get());
  if (!ring) return Wrap(std::move(ring).error(), "map the ring");
  auto listener = DuplicateFd(parts.private_listener);
  if (!listener) return std::unexpected(std::move(listener).error());
  std::unique_ptr<Cell> cell(new Cell(std::move(parts), std::move(*ring)));
  auto adopted =
      cell->private_server_.Adopt(std::move(*listener), http::ListenerHolder::kOtherProcess);
  if (!adopted) return Wrap(std::move(adopted).error(), "serve the private listener");
  return cell;
}

Cell::Cell(CellParts parts, telemetry::RingWriter ring)
    : parts_(std::move(parts)),
      ring_(parts_.loop, parts_.clock, std::move(ring), parts_.log),
      remote_(parts_.loop, parts_.clock),
      service_(parts_.loop, parts_.clock),
      modules_(parts_.driver, remote_, service_),
      network_(parts_.loop, [this](Connect ask) { return Post(std::move(ask)); }),
      ports_{parts_.loop, parts_.clock, parts_.random,
             ring_,       ring_,        modules_,
             network_,    authorizer_,  parts_.start.cell + "-" + std::to_string(::getpid()),
             parts_.hop},
      path_(ports_),
      sandboxes_(parts_.loop, ring_,
                 [this](const std::string& id, const std::string& reason) {
                   // Without a manager nobody needs to know; State lists what is left.
                   (void)Post(SandboxGone{id, reason});
                 }),
      private_handler_(path_, sandboxes_),
      fronts_(parts_.loop, parts_.clock, path_),
      public_server_(NewPublicServer()),
      private_server_(parts_.loop, ServerLimits(), private_handler_, parts_.clock) {}

Cell::~Cell() = default;

std::shared_ptr<http::Server> Cell::NewPublicServer() {
  return std::make_shared<http::Server>(parts_.loop, ServerLimits(), path_, parts_.clock);
}

Result<void> Cell::Handle(ToCell message, std::vector<Fd> fds) {
  if (auto* modules = std::get_if<Modules>(&message)) {
    return OnModules(std::move(*modules), std::move(fds));
  }
  if (auto* listen = std::get_if<Listen>(&message)) {
    return OnListen(std::move(*listen), std::move(fds));
  }
  if (auto* front = std::get_if<ServeFront>(&message)) {
    return OnServeFront(std::move(*front), std::move(fds));
  }
  if (auto* client = std::get_if<TakeClient>(&message)) {
    return OnTakeClient(std::move(*client), std::move(fds));
  }
  if (auto* connected = std::get_if<Connected>(&message)) {
    network_.OnConnected(*connected, fds.empty() ? Fd() : std::move(fds.front()));
    return {};
  }
  if (auto* configure = std::get_if<Configure>(&message)) {
    OnConfigure(std::move(*configure));
  } else if (auto* create = std::get_if<CreateSandbox>(&message)) {
    OnCreateSandbox(*create);
  } else if (auto* remove = std::get_if<DeleteSandbox>(&message)) {
    const auto deleted = sandboxes_.Delete(remove->id);
    (void)Post(SandboxGone{remove->id, deleted ? "deleted" : wire::WireError(deleted.error())});
  } else if (std::holds_alternative<StopListening>(message)) {
    GiveUpListeners();
  } else if (std::holds_alternative<GetStats>(message)) {
    (void)Post(Count());
  } else {
    return Fail(Errc::kInvalidArgument, "this message does not come here");
  }
  return {};
}

Result<void> Cell::OnModules(Modules message, std::vector<Fd> fds) {
  if (message.keys.size() != fds.size()) {
    return Fail(Errc::kInvalidArgument, "modules: keys and descriptors do not match");
  }
  for (std::size_t i = 0; i < fds.size(); ++i) {
    modules_.Add(std::move(message.keys[i]), std::move(fds[i]));
  }
  return {};
}

Result<void> Cell::OnListen(Listen message, std::vector<Fd> fds) {
  if (fds.size() != 1) return Fail(Errc::kInvalidArgument, "listen: takes one descriptor");
  auto copy = DuplicateFd(fds.front());
  if (!copy) return std::unexpected(std::move(copy).error());
  if (auto adopted = public_server_->Adopt(std::move(*copy), http::ListenerHolder::kOtherProcess);
      !adopted) {
    return Wrap(std::move(adopted).error(), "listen on " + message.address);
  }
  listeners_.push_back({std::move(message), std::move(fds.front())});
  return {};
}

Result<void> Cell::OnServeFront(ServeFront message, std::vector<Fd> fds) {
  if (fds.size() != 1) return Fail(Errc::kInvalidArgument, "serve_front: takes one descriptor");
  fronts_.Add(std::move(message.front), std::move(fds.front()));
  return {};
}

Result<void> Cell::OnTakeClient(TakeClient message, std::vector<Fd> fds) {
  if (fds.size() != 1) return Fail(Errc::kInvalidArgument, "take_client: takes one descriptor");
  if (listeners_.empty()) {  // given up meanwhile
    (void)Give(std::move(fds.front()));
    return {};
  }
  auto served = public_server_->Serve(std::move(fds.front()), std::move(message.peer),
                                      http::Arrival::kBetweenRequests);
  // We drain by ourselves, which the manager is still to hear of: it ends as all that are idle do.
  if (!served && served.error().code == Errc::kFailedPrecondition) return {};
  return served;
}

void Cell::GiveUpListeners() {
  listeners_.clear();
  auto server = std::exchange(public_server_, NewPublicServer());
  leaving_.push_back(server);
  Spawn(parts_.loop, FinishListening(std::move(server)));
}

Awaitable<void> Cell::FinishListening(std::shared_ptr<http::Server> server) {
  // Its calls end by their functions' own limits.
  http::Heir heir = [this](Fd client) { return Give(std::move(client)); };
  co_await server->HandOver(std::move(heir));
  std::erase(leaving_, server);
  (void)Post(StoppedListening{});
}

bool Cell::Post(ToManager message, std::vector<Fd> fds) {
  return parts_.post(std::move(message), std::move(fds));
}

bool Cell::Give(Fd client) {
  std::vector<Fd> fds;
  fds.push_back(std::move(client));
  return Post(GiveClient{}, std::move(fds));
}

void Cell::OnConfigure(Configure message) {
  const std::uint32_t generation = message.generation;
  const auto switched = Switch(std::move(message));
  (void)Post(Configured{generation, switched ? "" : wire::WireError(switched.error())});
}

Result<void> Cell::Switch(Configure message) {
  std::set<std::string, std::less<>> keys;
  for (const Function& function : message.functions) {
    if (function.module.empty() && parts_.hop != nullptr) continue;
    if (!modules_.Has(function.module)) {
      return Fail(Errc::kNotFound, function.tenant + "/" + function.name + ": the module " +
                                       function.module + " was not passed in");
    }
    keys.insert(function.module);
  }
  if (auto reachable = CheckGrants(message, parts_.allowed, parts_.start.scratch_root);
      !reachable) {
    return reachable;
  }
  auto plan = route::Plan::Build(ToPlanSpec(std::move(message)), path_.plan().get(), ports_);
  if (!plan) return std::unexpected(std::move(plan).error());
  // A changed function whose code is the same takes the loaded image over before the old plan,
  // which holds it, goes.
  for (const auto& function : (*plan)->functions()) {
    if (!modules_.IsLoaded(function->spec().module)) continue;
    if (auto loaded = function->Load(); !loaded) return loaded;
  }
  const auto replaced = path_.plan();
  path_.SwitchTo(std::move(*plan));
  former_.Replaced(replaced, {.freed = ring_.freed(), .written = ring_.written()});
  modules_.KeepOnly(keys);
  return {};
}

void Cell::OnCreateSandbox(const CreateSandbox& message) {
  const auto& plan = path_.plan();
  Result<void> made = Fail(Errc::kNotFound, "the configuration has no such function");
  if (plan && message.function < plan->functions().size()) {
    made = sandboxes_.Create(message.id, plan->functions()[message.function]);
  }
  (void)Post(SandboxCreated{message.id, made ? "" : wire::WireError(made.error())});
}

Stats Cell::Count() const {
  Stats stats;
  stats.connections =
      public_server_->counters().open + fronts_.counters().open + private_server_.counters().open;
  for (const auto& server : leaving_) stats.connections += server->counters().open;
  stats.requests = path_.requests();
  stats.in_flight = path_.in_flight();
  stats.sandboxes = sandboxes_.size();
  stats.images_loaded = modules_.loaded();
  stats.denials = parts_.denials();
  stats.ring_dropped = ring_.dropped();
  return stats;
}

Result<Cell::Inventory> Cell::TakeStock() const {
  Inventory inventory;
  State& state = inventory.state;
  state.cell = parts_.start.cell;
  state.tenant = parts_.start.tenant;
  state.engine_key = parts_.engine_key;
  if (const auto& plan = path_.plan()) {
    state.generation = plan->generation();
    for (const auto& function : plan->functions()) {
      state.functions.push_back(ServedAs(function->spec()));
    }
    state.former = former_.Tell(*plan);
  }
  state.modules = modules_.Keys();
  state.sandboxes = sandboxes_.Ids();
  std::vector<const Fd*> fds{&parts_.ring, &parts_.private_listener, &parts_.control_listener};
  for (const Kept& kept : listeners_) {
    state.listeners.push_back(kept.listen);
    fds.push_back(&kept.fd);
  }
  for (const Fd* fd : fds) {
    auto copy = DuplicateFd(*fd);
    if (!copy) return std::unexpected(std::move(copy).error());
    inventory.fds.push_back(std::move(*copy));
  }
  return inventory;
}

Awaitable<void> Cell::Drain(Duration patience) {
  const TimePoint deadline = parts_.clock.Now() + patience;
  co_await public_server_->Drain(deadline);
  while (!leaving_.empty()) {
    const auto server = leaving_.back();
    co_await server->Drain(deadline);
    std::erase(leaving_, server);
  }
  co_await fronts_.Drain(deadline);
  co_await private_server_.Drain(deadline);
}

}  // namespace strata::cell
