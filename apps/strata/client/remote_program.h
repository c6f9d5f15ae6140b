// apps/strata/client/remote_program.h - a program in a sandbox of a service, run to its end over
// the API: bytes both ways as they come, and its exit code. For exec, cp and the isolation battery.
//
//   input, terminal --> [ RunRemote ] ==WebSocket .../exec (http/stream/channels.h)==> api -->
//   keeper OnOutput        <--
//
// Input is read no faster than it is taken; output waits for OnOutput. Whatever ends this ends the
// program: nothing goes on without the one who asked for it.
//
// Threads:  one, which it blocks with a loop of its own. Lifetime: all arguments are borrowed.
// Errors:   as the API refuses; kUnavailable: the connection broke, or OnOutput takes no more.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "client/session.h"

namespace strata::cli {

enum class Output : std::uint8_t { kStdout, kStderr };
enum class AtTerminal : std::uint8_t { kNo, kOurs };

struct RemoteProgram {
  std::string service;  // where it is in the API
  std::string sandbox;  // empty: any
  std::vector<std::string> command;
  std::map<std::string, std::string> env;
  int input = -1;  // read to its end, as it comes; stays the caller's. -1: none
  // Ours, which standard input is, stands for the program's: raw while this runs, whatever ends it.
  AtTerminal terminal = AtTerminal::kNo;
};

// False: nobody takes more; the program is then ended.
using OnOutput = std::function<bool(Output stream, std::string_view bytes)>;

// Its exit code; 128 + n for signal n. A signal that ends us, at a terminal, is one, too.
// One that was started and is not heard of again is an error.
Result<int> RunRemote(Session& session, const RemoteProgram& program, const OnOutput& on_output);

// "/v1/namespaces/NAMESPACE/services/SERVICE"
std::string ServicePath(const Session& session, const std::string& service);

}  // namespace strata::cli
