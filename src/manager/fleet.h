// manager/fleet.h - all cells of this instance: how many, of which tenant, with which public
// sockets and which configuration. Keeps them that way.
//
//   Manager --Reconcile--> [ Fleet: tenant -> cells ] --> CellProcess --> strata-cell
//
// The listener's cells belong to the tenant that has routes ("default" while nobody has). Each has
// one SO_REUSEPORT socket of which the fleet keeps the original: a cell that dies is replaced with
// the same socket, so connections that wait in it survive. A change that a living cell cannot take
// (another tenant, a directory it was not started with) replaces it: start, configure, share the
// socket, drain the old one.
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

#include "base/turns.h"
#include "manager/cell_process.h"
#include "manager/configuration.h"
#include "manager/connector.h"

namespace strata::manager {

// What the fleet is to run, all tenants.
struct DesiredState {
  std::uint32_t generation = 0;
  std::string front_tenant = "default";            // owner of the public listener
  std::map<std::string, Configuration> by_tenant;  // every tenant with functions, and the front's
};

class Fleet final : public CellListener {
 public:
  using OpenModuleFn = std::function<Result<Fd>(const std::string& key)>;
  using SandboxGoneFn = std::function<void(const std::string& id, const std::string& reason)>;

  Fleet(CellContext& context, Connector& connector, OpenModuleFn open_module,
        SandboxGoneFn sandbox_gone);

  // Adopts the living cells of an earlier manager, ends processes that cannot be adopted and binds
  // the public sockets that are missing. kFailedPrecondition: the address is taken.
  Task<void> Recover();

  // Brings every cell to `desired`; ends when all serve it.
  Task<void> Reconcile(DesiredState desired);

  // Finishes what runs and ends every cell.
  Task<void> Down(std::chrono::milliseconds patience);

  // A living cell of `tenant`, in turn; null when there is none.
  [[nodiscard]] std::shared_ptr<CellProcess> Pick(std::string_view tenant);
  // The cell that holds sandbox `id`; null when none does.
  [[nodiscard]] std::shared_ptr<CellProcess> FindSandbox(std::string_view id) const;
  [[nodiscard]] std::vector<std::shared_ptr<CellProcess>> cells() const;
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] std::uint64_t replaced() const noexcept { return replaced_; }

 private:
  void OnExit(CellProcess& cell, const std::string& why) override;
  void OnSandboxGone(CellProcess& cell, const std::string& id, const std::string& reason) override;
  void OnConnect(CellProcess& cell, cell::Connect request) override;
  Result<Fd> OpenModule(const std::string& key) override;

  // One place for a cell. `socket` names a public socket, or is empty.
  struct Slot {
    std::string tenant;
    std::string socket;
    std::shared_ptr<CellProcess> cell;  // null while it is being replaced
    std::uint32_t quick_deaths = 0;
    TimePoint started;
  };

  Task<void> AdoptAll();
  Result<void> EndStrangers();
  Result<void> BindMissing();
  Task<void> Fill(Slot& slot);   // starts, configures, listens
  Task<void> Bring(Slot& slot);  // to what is desired
  Task<void> Renew(Slot& slot);
  Awaitable<void> Replace(std::string slot_name);
  std::string NewCellName(const std::string& tenant);
  [[nodiscard]] std::uint32_t FrontCells() const;

  CellContext& context_;
  Connector& connector_;
  OpenModuleFn open_module_;
  SandboxGoneFn sandbox_gone_;
  Turns turns_;   // changes of the fleet
  Turns starts_;  // cells that start at once: a start costs 15 ms of a core
  DesiredState desired_;
  std::map<std::string, PublicSocket> sockets_;
  std::map<std::string, Slot> slots_;  // "web-0", "tenant-shop"
  std::string address_;
  std::uint64_t next_cell_ = 0;
  std::uint64_t next_pick_ = 0;
  std::uint64_t replaced_ = 0;
  bool stopping_ = false;
};

}  // namespace strata::manager
