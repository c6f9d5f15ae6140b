// sandbox/remote/messages.h - what a cell and the keeper that holds its sandboxes say to each
// other.
//
//   RemoteImage   --Open [fd]--> Server            one line for each image, made by the manager
//   RemoteSandbox --Begin, Input, ..., Stop-->     one line for each sandbox, the descriptor of its
//                 <--Respond, Output, Line, Done-- Open; closing it ends the sandbox
//   ServiceImage  --Dial, Closed, Busy-->          one line for each running service; requests go
//                 <--Dialled [fd], Retire--        over the connections that it hands out
//
// Bodies flow against credit: at the start of a call each side may send kWindow bytes, a Credit
// allows more. So a body that nobody reads never keeps a Stop or a Done from getting through.
// Between Done and the next Begin the server ignores what was under way.
//
// Neither side trusts the other: codec.h is total. Values; no threads.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "model/values.h"
#include "sandbox/driver.h"

namespace strata::sandbox::remote {

inline constexpr std::uint32_t kWindow = 256 * 1024;

// A sandbox, please. What it may do and reach was said to the server by whoever gave out the line.
struct Open {
  std::string id;
};

// A call. `texts`: method, target, host, scheme, peer, then each field's name and value.
struct Begin {
  std::uint64_t patience_ms = 0;  // until its deadline
  bool has_length = false;        // of the body
  std::uint64_t length = 0;
  std::string traceparent;
  std::string tracestate;
  std::vector<std::string> texts;
};

struct Input {
  std::string bytes;
};
struct InputEnd {};
struct Stop {};

// A connection to the service, please.
struct Dial {
  std::uint64_t id = 0;           // new each time
  std::uint64_t patience_ms = 0;  // nobody waits any longer
};
// The connection that the Dial `id` brought is closed.
struct Closed {
  std::uint64_t id = 0;
};
// How busy those connections are. Told at once when that begins, then every second, until none was
// for a second.
struct Busy {
  std::uint64_t mean_milli = 0;  // requests at once since the last of these, in thousandths
  std::uint64_t idle_ms = 0;     // since when there is none
};

// That many more body bytes are welcome.
struct Credit {
  std::uint32_t bytes = 0;
};

// `texts`: each field's name and value.
struct Respond {
  std::uint16_t status = 0;
  std::vector<std::string> texts;
};
struct Output {
  std::string bytes;
};
struct Line {
  Stream stream = Stream::kHost;
  std::string text;
};

// The call has ended: with `exit`, or, when `code` is not empty, with that error.
struct Done {
  std::string code;
  std::string message;
  model::Exit exit;
};

// [fd] a connected stream socket, unless `error` says why not ("CODE: message"), or the service
// holds no more of them and this line has some: then `full`.
struct Dialled {
  std::uint64_t id = 0;
  std::string error;
  bool full = false;
};

// What was handed out before is not to be used for another request: who is ready has changed.
struct Retire {};

using ToServer = std::variant<Open, Begin, Input, InputEnd, Stop, Credit, Dial, Closed, Busy>;
using ToClient = std::variant<Respond, Output, Line, Done, Credit, Dialled, Retire>;

}  // namespace strata::sandbox::remote
