// manager/cells/fleet.h - all cells of this instance: how many, of which tenant, with which public
// sockets and which configuration. Keeps them that way.
//
//   Manager --Reconcile--> [ Fleet: tenant -> cells ] --> CellProcess --> strata-cell
//
// Each public SO_REUSEPORT socket belongs to one cell: a host of the one tenant that has the
// listener, or a front. The fleet keeps the original, so a cell that dies is replaced with the same
// socket, and connections that wait in it survive. Fronts have a line to every host that they hand
// requests on to. A change that a living cell cannot take (a directory it was not started with; of
// an adopted cell, whose version may be another, also what it calls invalid) replaces it: start,
// configure, share the socket, drain the old one, for as long as its calls may take. When the
// listener changes hands, the new cells have everything before they get the sockets, and only then
// the old ones stop accepting and give up their clients' connections, which the new ones go on
// with; hosts stay, with their sandboxes.
//
// Threads: one loop; changes take turns. Errors: Reconcile fails with the first cell's error, the
// cells then serve the old or the new configuration, each one whole. Tested by
// tests/integration/manager.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/turns.h"
#include "manager/cells/cell_process.h"
#include "manager/cells/configuration.h"
#include "manager/cells/connector.h"

namespace strata::manager {

// What the fleet is to run, all tenants.
struct DesiredState {
  std::uint32_t generation = 0;  // the store's; a cell's own may be higher (CellProcess::Configure)
  ListenerPlan listener;
  Configuration front;  // of fronts, when the listener has them
  std::map<std::string, Configuration>
      by_tenant;  // every tenant with functions, and the listener's
};

class Fleet final : public CellListener {
 public:
  using OpenModuleFn = std::function<Result<Fd>(const std::string& key)>;
  using SandboxGoneFn = std::function<void(const std::string& id, const std::string& reason)>;
  using CellFn = std::function<void(std::shared_ptr<CellProcess> cell)>;

  // `on_cell`: a cell was started or adopted, also one that is given up at once.
  Fleet(CellContext& context, Connector& connector, OpenModuleFn open_module,
        SandboxGoneFn sandbox_gone, CellFn on_cell);

  // Adopts the living cells of an earlier manager, ends processes that cannot be adopted and binds
  // the public sockets that are missing. kFailedPrecondition: the address is taken.
  Task<void> Recover();

  // Brings every cell to `desired`; ends when all serve it. Cells that have what they need are not
  // asked, so a change of weights waits for fronts alone. kDeadlineExceeded: one did not answer
  // (CellProcess::Configure); later calls do not wait for it, but for behind().
  Task<void> Reconcile(DesiredState desired);

  // A cell that did not answer an earlier call still has to be told of this one.
  [[nodiscard]] bool behind() const noexcept { return behind_; }

  // Finishes what runs and ends every cell, also those that were given up before. Nothing of any is
  // left when it ends.
  Task<void> Down(std::chrono::milliseconds patience);

  // A living cell of `tenant`, in turn; null when there is none.
  [[nodiscard]] std::shared_ptr<CellProcess> Pick(std::string_view tenant);
  // The cell of `tenant` that holds sandbox `id`, as it says itself; null when none does.
  [[nodiscard]] std::shared_ptr<CellProcess> FindSandbox(std::string_view tenant,
                                                         const std::string& id) const;
  [[nodiscard]] std::vector<std::shared_ptr<CellProcess>> cells() const;
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  // How the listener works, and why.
  [[nodiscard]] const ListenerPlan& listener() const noexcept { return desired_.listener; }
  [[nodiscard]] std::uint64_t replaced() const noexcept { return replaced_; }

 private:
  void OnExit(CellProcess& cell, const std::string& why) override;
  void OnSandboxGone(CellProcess& cell, const std::string& id, const std::string& reason) override;
  void OnConnect(CellProcess& cell, cell::Connect request) override;
  void OnClient(CellProcess& cell, Fd client) override;
  Result<Fd> OpenModule(const std::string& key) override;

  // One place for a cell.
  struct Slot {
    std::string tenant;                 // empty: a front's
    std::string socket;                 // the public socket that it is to have; empty: none
    std::shared_ptr<CellProcess> cell;  // null while it is being replaced
    bool leaving = false;               // to be given up once others have what it has
    std::uint32_t quick_deaths = 0;
    TimePoint started;
  };

  Task<void> AdoptAll();
  Task<void> AdoptOne(host::HostObject noted, std::vector<std::shared_ptr<CellProcess>>& adopted);
  void Place(std::shared_ptr<CellProcess> cell);
  Result<void> EndStrangers();
  Result<void> BindMissing();
  void PlaceSlots();
  Task<void> BringAll(bool fronts);
  Task<void> Fill(Slot& slot);   // starts, configures, links, listens
  Task<void> Bring(Slot& slot);  // to what is desired
  Task<void> Renew(Slot& slot);
  Task<void> LinkFront(CellProcess& front);
  Task<void> LinkHost(CellProcess& host);
  Task<void> HandOver();
  Task<void> GiveUp();
  void Retire(std::shared_ptr<CellProcess> cell);
  Awaitable<void> Leave(std::shared_ptr<CellProcess> cell);
  Awaitable<void> Replace(std::string slot_name);
  Task<void> DrainAll(bool listening, std::chrono::milliseconds patience);
  // A living cell whose slot fits, in turn.
  std::shared_ptr<CellProcess> PickFrom(const std::function<bool(const Slot&)>& fits);
  std::string NewCellName(const std::string& tenant);
  [[nodiscard]] Configuration ConfigurationOf(const Slot& slot);
  [[nodiscard]] std::uint32_t ListenerCells() const noexcept {
    return static_cast<std::uint32_t>(sockets_.size());
  }
  [[nodiscard]] std::uint32_t HostsOf(const std::string& tenant) const;
  [[nodiscard]] bool HandedOn(const CellProcess& host) const;

  CellContext& context_;
  Connector& connector_;
  OpenModuleFn open_module_;
  SandboxGoneFn sandbox_gone_;
  CellFn on_cell_;
  Turns turns_;   // changes of the fleet
  Turns starts_;  // cells that start at once: a start costs 15 ms of a core
  DesiredState desired_;
  std::map<std::string, PublicSocket> sockets_;
  std::map<std::string, Slot> slots_;  // "front/0", "shop/1"; "/" is in no tenant's name
  std::string address_;
  std::uint64_t next_cell_ = 0;
  std::uint64_t next_pick_ = 0;
  std::uint64_t replaced_ = 0;
  bool behind_ = false;
  bool stopping_ = false;
};

}  // namespace strata::manager
