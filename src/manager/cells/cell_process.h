// manager/cells/cell_process.h - one strata-cell that serves, a host or a front, as the manager
// sees it: its process, its end of the wire, and what it was told.
//
//   Fleet --> [ CellProcess ] --wire--> strata-cell
//
// Started (journalled before it exists) or adopted from an earlier manager through its control
// socket. Its death is reported once through CellListener::OnExit; the Fleet replaces it.
//
// What a cell sends is not trusted: a message that does not decode ends the cell.
//
// Threads: one loop. Lifetime: destroying it leaves the process running (an orphaned cell ends by
// itself, or is adopted); Drain() or Kill() end it. The CellListener outlives it. Tested by
// cell_process_test.cc and tests/integration/manager.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/promise.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "cell/wire/messages.h"
#include "host/files/journal.h"
#include "host/process/process.h"
#include "manager/cells/configuration.h"
#include "manager/cells/known_functions.h"
#include "manager/options.h"
#include "manager/state_dir.h"
#include "telemetry/log.h"
#include "telemetry/ring.h"
#include "wire/channel.h"

namespace strata::manager {

class CellProcess;

// What a cell needs from the rest of the manager.
class CellListener {
 public:
  virtual ~CellListener() = default;
  // The process has ended or broke the wire's rules (then it was killed).
  virtual void OnExit(CellProcess& cell, const std::string& why) = 0;
  virtual void OnSandboxGone(CellProcess& cell, const std::string& id,
                             const std::string& reason) = 0;
  // A guest wants out. The answer goes back through CellProcess::AnswerConnect.
  virtual void OnConnect(CellProcess& cell, cell::Connect request) = 0;
  // What it says is a client of a listener that it gave up.
  virtual void OnClient(CellProcess& cell, Fd client) = 0;
  // Native code for `key`, to be sent to a cell.
  virtual Result<Fd> OpenModule(const std::string& key) = 0;
};

// What every cell of this manager is made with; outlives them all.
struct CellContext {
  Loop& loop;
  const Clock& clock;
  const Options& options;
  const StateDir& dir;
  const std::string& instance;
  host::Journal& journal;
  telemetry::Logger log;
};

inline constexpr std::string_view kCellKind = "cell";  // of their notes in the journal

// Removes what a cell that is gone left on the host: its sockets, its scratch
// directories and its note in the journal.
void RemoveTraces(CellContext& context, const std::string& name);

struct PublicSocket {
  std::string id;       // "web"
  std::string address;  // "127.0.0.1:8080"
  Fd fd;                // ours; the cell has a duplicate
};

class CellProcess : public std::enable_shared_from_this<CellProcess> {
 public:
  // Starts a cell and waits until it is ready. `needs` is all that it may ever reach. No tenant: a
  // front.
  static Task<std::shared_ptr<CellProcess>> Start(CellContext& context, CellListener& listener,
                                                  std::string name, std::string tenant,
                                                  CellNeeds needs);
  // Takes over the cell that listens on `control`. kUnavailable: nobody answers there.
  static Task<std::shared_ptr<CellProcess>> Adopt(CellContext& context, CellListener& listener,
                                                  const host::HostObject& recorded);
  ~CellProcess();

  // Hands a duplicate of `socket` (borrowed) to the cell; it accepts from then on.
  Task<void> Listen(const PublicSocket& socket);

  // Ends when nothing that the cell accepted on its public sockets is left, or after `patience`
  // (kDeadlineExceeded): it then finishes the rest by itself. Its clients come through OnClient.
  Task<void> StopListening(std::chrono::milliseconds patience);
  // Has the cell, which listens, serve a client of another.
  Task<void> TakeClient(std::string peer, Fd client);

  // A line between this front and `host`, unless there is one already.
  Task<void> Link(CellProcess& host);
  Task<void> Unlink(std::string host);
  // The hosts that this front has been given a line to.
  [[nodiscard]] const std::set<std::string>& linked() const noexcept { return linked_; }

  // Sends what the cell lacks of `configuration` and waits until it has switched; sends nothing
  // when it has all of that. kDeadlineExceeded: no answer in five seconds; the cell may still
  // switch, and until it answers every call fails with kUnavailable at once. kFailedPrecondition:
  // this cell cannot serve it (a directory it was not started with), or has not answered for half a
  // minute. It is told as `generation`, or as the next number that this cell has not had: records
  // name a function by its place in one, so none may have two lists.
  Task<void> Configure(Configuration configuration, std::uint32_t generation);
  [[nodiscard]] bool silent() const noexcept { return asked_.has_value(); }
  // It was started by an earlier manager, maybe by one of another version.
  [[nodiscard]] bool adopted() const noexcept { return adopted_; }

  // Makes an addressable sandbox of the function at `index` of the current configuration.
  Task<void> CreateSandbox(std::string id, std::uint32_t index);
  Task<void> DeleteSandbox(std::string id);
  // A cell that has left too many of these unread is killed.
  void AnswerConnect(std::uint64_t id, Result<Fd> outcome);
  Task<cell::Stats> GetStats();

  // Asks the cell to finish and waits for its end; kills it after `patience`.
  Task<void> Drain(std::chrono::milliseconds patience);
  void Kill() noexcept;

  // A new connection to the cell's private listener.
  Result<Fd> ConnectPrivate() const;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& tenant() const noexcept { return tenant_; }
  [[nodiscard]] bool is_front() const noexcept { return tenant_.empty(); }
  [[nodiscard]] bool listening() const noexcept { return listening_; }
  // It accepts on public sockets, or still finishes what came in by one.
  [[nodiscard]] bool in_public() const noexcept { return listening_ || stopped_listening_; }
  // The images of volumes that could not be mounted when it was started.
  [[nodiscard]] const std::vector<std::string>& missing() const noexcept { return missing_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] bool alive() const noexcept { return alive_; }
  // What it has computed since it began, guests included. kUnavailable: it has ended, and was
  // started by an earlier manager: then nobody knows.
  [[nodiscard]] Result<std::chrono::nanoseconds> cpu_time();
  [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }
  [[nodiscard]] const std::set<std::string>& sandboxes() const noexcept { return sandboxes_; }
  [[nodiscard]] host::Isolation isolation() const noexcept { return process_.isolation(); }
  // Public sockets that an adopted cell brought along; the caller takes them.
  [[nodiscard]] std::vector<PublicSocket> TakeSockets() noexcept { return std::move(sockets_); }
  [[nodiscard]] telemetry::RingReader& ring() noexcept { return *ring_; }
  [[nodiscard]] const telemetry::RingReader& ring() const noexcept { return *ring_; }
  // What a record or a connection of this cell is of; null when that is not known (any more). Those
  // that an adopted cell served already have names and forms only, and no grants. Until the next
  // Configure.
  [[nodiscard]] const cell::Function* FindFunction(std::uint32_t generation,
                                                   std::uint32_t index) const {
    return functions_.Find(generation, index);
  }
  // No call takes longer, of whatever configuration. What an adopted cell served before it does not
  // say: then it is the most that there can be.
  [[nodiscard]] std::chrono::milliseconds longest_call() const noexcept { return longest_call_; }

 private:
  CellProcess(CellContext& context, CellListener& listener, std::string name, std::string tenant,
              host::Process process, Fd wire);

  void Run();  // starts the two coroutines below
  static Awaitable<void> Read(std::shared_ptr<CellProcess> self);
  static Awaitable<void> Watch(std::shared_ptr<CellProcess> self);
  Result<void> HandleFrame(wire::Frame frame);
  void Handle(cell::ToManager message);
  void Ended(const std::string& why);
  Task<void> Send(cell::ToCell message, std::vector<Fd> fds = {});
  Task<void> SendModules(const std::vector<std::string>& keys);
  Task<void> Answered(Promise<std::monostate>& promise, std::chrono::milliseconds patience);

  CellContext& context_;
  CellListener& listener_;
  std::string name_;
  std::string tenant_;
  host::Process process_;
  wire::Channel wire_;
  std::optional<telemetry::RingReader> ring_;
  std::vector<PublicSocket> sockets_;
  std::set<std::string> modules_;
  std::set<std::string> sandboxes_;
  std::set<std::string> linked_;
  std::vector<std::string> missing_;
  bool listening_ = false;
  bool adopted_ = false;
  KnownFunctions functions_;
  std::uint32_t generation_ = 0;       // that it serves
  std::uint32_t last_generation_ = 0;  // that it was told of
  bool alive_ = true;
  std::size_t unread_answers_ = 0;  // at most, to connections that it asked for
  std::chrono::milliseconds longest_call_{0};

  // A configuration that it was sent and has not answered.
  struct Asked {
    std::uint32_t generation;
    std::string text;
    TimePoint at;
    std::shared_ptr<Promise<std::monostate>> answer;
  };
  std::optional<Asked> asked_;
  std::string serves_;  // a configuration's text; empty: an adopted cell's, which nobody knows

  // Answers that somebody waits for.
  std::shared_ptr<Promise<std::monostate>> stopped_listening_;
  std::shared_ptr<Promise<cell::ToManager>> greeting_;  // Ready or State, with its descriptors
  std::vector<Fd> greeting_fds_;
  struct Creating {
    std::uint32_t index;
    std::shared_ptr<Promise<std::monostate>> answer;
  };
  std::map<std::string, Creating> creating_;  // by id
  std::shared_ptr<Promise<cell::Stats>> stats_;
  std::shared_ptr<Promise<std::monostate>> ended_;
};

}  // namespace strata::manager
