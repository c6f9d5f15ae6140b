// meter/call_record.h - what is known of one finished call: the unit of metering, access logs and
// request metrics. Fixed size, trivially copyable: it crosses the shared-memory ring as it is.
//
//   route (record.h, once, when a call ends) --ring--> manager: accounts, figures, access log
//
// Durations are nanoseconds, sizes bytes. Bills are built from totals of these
// (manager/records/bill.h, prices.h). The layout is a promise between processes of two versions:
// README.md.
//
// Threads:  values. Errors: none here: whoever reads one from a ring asks Possible(), and checks
//           what it uses as an index. Tested by call_record_test.cc.
#pragma once

#include <cstdint>
#include <type_traits>

#include "model/values.h"

namespace strata::meter {

// CallRecord::revision of a request that led to no function: logged and counted, charged to nobody.
inline constexpr std::uint32_t kNoRevision = 0xffffffff;

// How a call came to its sandbox. Values are part of the ring's format: a manager reads rings of
// older cells, which do not write kNone. What they write then counts as a call that ran.
enum class SandboxCame : std::uint8_t {
  kAtOnce = 0,  // it was there, or is made in no time, as in class wasm
  kMade = 1,    // the call waited until it was made
  kNone = 2,    // no guest ran: it could not be made, or none was free
  kBusy = 3,    // no guest ran: as many calls waited for the function's cells as may
};

// How a call was led to the form of its workload that it was a call of. Values are part of the
// ring's format: older cells write kTraffic for all.
enum class LedBy : std::uint8_t {
  kTraffic = 0,  // a route to the workload, whose calls rollouts and moves share out
  kName = 1,     // its caller, who named the workload past every route
  kForm = 2,     // a route that names this form itself, or its caller one of its sandboxes
  kCopy = 3,     // it is a mirror's copy of another call
};

struct CallRecord {
  std::uint64_t wall_start_ns = 0;  // since the Unix epoch
  std::uint64_t queue_ns = 0;  // from the parsed head to the start of instantiate, and in line in
                               // the keeper of its sandbox
  std::uint64_t instantiate_ns = 0;
  std::uint64_t run_ns = 0;       // from the guest's start to its end, waiting included
  std::uint64_t write_ns = 0;     // from the guest's end to the last byte in the socket
  std::uint64_t cpu_ns = 0;       // the guest's share of the CPU
  std::uint64_t memory_peak = 0;  // bytes of linear memory
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint8_t trace_id[16] = {};  // zero: none
  std::uint8_t span_id[8] = {};
  std::uint32_t revision = 0;    // index in the cell's configuration, translated by the manager
  std::uint32_t generation = 0;  // of that configuration
  std::uint16_t status = 0;      // HTTP status sent; 0: the client went away first
  std::uint8_t exit = 0;         // model::ExitReason
  std::uint8_t sampled : 1 = 0;  // 1: a span is exported for this call
  LedBy led_by : 2 = LedBy::kTraffic;  // the same byte, and so is:
  std::uint8_t exit_code : 1 = 0;      // 1: the program ended with a code that says it failed
  std::uint8_t cut_off : 1 = 0;  // 1: the answer broke off after its head, not by the client's will
  std::uint8_t lost : 1 = 0;  // 1: it failed because the keeper of its sandbox ended, or was away
  char method[11] = {};       // zero-padded, cut
  SandboxCame sandbox = SandboxCame::kAtOnce;
  char path[128] = {};  // zero-padded, cut
};
static_assert(std::is_trivially_copyable_v<CallRecord>);

// Whether it says of a call what can be: what does not is no record of ours, but a cell's that was
// taken over.
constexpr bool Possible(const CallRecord& record) noexcept {
  return (record.status == 0 || (record.status >= 100 && record.status < 600)) &&
         record.exit <= static_cast<std::uint8_t>(model::ExitReason::kStopped) &&
         record.sandbox <= SandboxCame::kBusy;
}

// From the parsed head to the last byte in the socket.
constexpr std::uint64_t TookNs(const CallRecord& record) noexcept {
  return record.queue_ns + record.instantiate_ns + record.run_ns + record.write_ns;
}

// Whatever became of it.
constexpr bool GuestRan(const CallRecord& record) noexcept {
  return record.sandbox != SandboxCame::kNone && record.sandbox != SandboxCame::kBusy;
}

// Its sandbox serves others, too, in a keeper, which tells what that computes and holds (a keeper's
// Use): of a call by itself neither is known.
constexpr bool Shared(const CallRecord& record) noexcept {
  return GuestRan(record) && record.cpu_ns == 0 && record.memory_peak == 0;
}

// It waited until its sandbox was made.
constexpr bool Cold(const CallRecord& record) noexcept {
  return record.sandbox == SandboxCame::kMade;
}

// Its deadline ended it, after it had stood in line for its sandbox longer than it then ran: what
// it lacked is room, as one that found none.
constexpr bool CameTooLate(const CallRecord& record) noexcept {
  return GuestRan(record) && (record.status == 504 || record.cut_off == 1) &&
         record.exit == static_cast<std::uint8_t>(model::ExitReason::kStopped) &&
         record.queue_ns > record.run_ns;
}

// There was no answer, not all of it, or it was that something is wrong here.
constexpr bool Failed(const CallRecord& record) noexcept {
  return record.status == 0 || record.status >= 500 || record.cut_off == 1;
}

// The program itself ended well and answered that something is wrong: it would have in another
// sandbox, too. Of all other failures the sandbox may be a part, also where the program gave up: it
// may not have found there what it needs.
constexpr bool ProgramFailed(const CallRecord& record) noexcept {
  return Failed(record) && GuestRan(record) && record.exit_code == 0 &&
         record.exit == static_cast<std::uint8_t>(model::ExitReason::kReturned);
}

// Whether how it ended tells of what it called: not what a client did wrong, or did not wait for. A
// 501 that no guest answered is of the former: it asked a sandbox for what that cannot do.
constexpr bool TellsOfCallee(const CallRecord& record) noexcept {
  if (record.status == 501 && !GuestRan(record)) return false;
  return record.cut_off == 1 ||
         (record.status >= 200 && (record.status < 400 || record.status >= 500));
}

// Its client left before it had anything of an answer: that would have come later still. Not one
// that left within an answer: some have no other end.
constexpr bool Left(const CallRecord& record) noexcept {
  return record.status == 0 && record.bytes_out == 0 && GuestRan(record);
}

// As many calls of its form as may were there already: load, or what this form makes of it.
constexpr bool FoundFull(const CallRecord& record) noexcept {
  return record.status == 429 && !GuestRan(record);
}

// It was answered that the client did wrong. Not that its form was full.
constexpr bool Refused(const CallRecord& record) noexcept {
  return record.status >= 400 && record.status < 500 && record.cut_off == 0 && !FoundFull(record);
}

// Whether it was drawn by chance among its workload's calls: only such calls of two forms compare
// them fairly.
constexpr bool Drawn(const CallRecord& record) noexcept { return record.led_by == LedBy::kTraffic; }

// Whether it goes along when the workload's traffic moves to another form.
constexpr bool Moves(const CallRecord& record) noexcept {
  return record.led_by == LedBy::kTraffic || record.led_by == LedBy::kName;
}

}  // namespace strata::meter
