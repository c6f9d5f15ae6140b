// sandbox/wasm/outgoing/table.h - the outgoing HTTP requests of one call, by handle. This is where
// a grant is checked: what it refuses never reaches the Connector.
//
//   the guest's host calls --> [ Table ] --Request (request.h)--> Connector (driver.h) --> a socket
//
// At most limits.host_calls are there at once. Handles count from 1 and are never used again.
//
// Threads:  the loop's; the GuestHost functions run on the guest's stack and never wait.
// Lifetime: one call's. Destroyed only when it is not running(): CancelAll, then wait for `guest`.
// Errors:   to the guest: handle 0: refused; Io::Failed(): the request, or an unknown handle.
// Tested by table_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "sandbox/wasm/engine/engine.h"
#include "sandbox/wasm/metrics.h"
#include "sandbox/wasm/outgoing/request.h"
#include "sandbox/wasm/settings.h"

namespace strata::sandbox::wasm::outgoing {

class Table {
 public:
  // All borrowed; `guest` is woken when a request makes progress or a cancelled one has ended.
  Table(Loop& loop, Tls& tls, Metrics& metrics, const Settings& settings, WakeEvent& guest)
      : loop_(loop), tls_(tls), metrics_(metrics), settings_(settings), guest_(guest) {}

  // The GuestHost functions. A refused Start gives 0, is counted, and is logged on Stream::kHost.
  std::int64_t Start(const OutgoingHead& head);
  Io Write(std::int64_t handle, std::span<const std::byte> from);
  void End(std::int64_t handle);
  Io Response(std::int64_t handle, http::ResponseHead& head);
  Io Read(std::int64_t handle, std::span<std::byte> to);
  void Delete(std::int64_t handle);

  // Starts what the guest asked for in its last time slice. Apart from Start, which runs on the
  // guest's stack.
  void StartNew();
  void CancelAll();
  [[nodiscard]] bool running() const;

 private:
  void Log(const std::string& text);
  std::int64_t Refuse(const OutgoingHead& head, std::string_view why);
  Request* Find(std::int64_t handle);
  void NoteFailure(const Request& request);

  Loop& loop_;
  Tls& tls_;
  Metrics& metrics_;
  const Settings& settings_;
  WakeEvent& guest_;
  std::map<std::int64_t, std::unique_ptr<Request>> live_;
  std::vector<std::unique_ptr<Request>> deleted_;  // by the guest, and still ending
  std::int64_t next_handle_ = 1;
};

}  // namespace strata::sandbox::wasm::outgoing
